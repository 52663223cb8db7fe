import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApplication } from './application.ts';
import { type Browser, createBrowser } from './browser.ts';
import { readComputingExactly } from './computing.ts';
import { contestants } from './contestants.ts';
import { cookieOf, fillSqlite, secret } from './fill.ts';
import { forCount } from './load.ts';
import {
  applicationCore,
  freePort,
  makeFolder,
  pinThisProcess,
  startProcess,
  stopProcess,
  project,
} from './processes.ts';
import { startStub } from './stub-process.ts';
import { median } from './statistics.ts';
import { startContestant, startSurroundings } from './surroundings.ts';

/*
 * npm run bench:parts [-- rounds]
 *
 * What the parts of a profile page cost: the finished page of somebody with one card, sent by Express
 * alone, then with one more of Latchkey's own parts in front of it each time, and at last by Latchkey,
 * which also makes it. Beside them Passport on connect-redis with its own short page. All run side by
 * side, and take turns of some hundred pages; a turn counts as a ratio to Passport's of the same round.
 * Linux only.
 */

const rounds = Number(process.argv[2] ?? 40);
const pagesATurn = 600;
const pagesBefore = 20_000;
const people = 256;
const connections = 16;

/** In the order in which they come in front of the page. */
const parts = [
  { id: 'headers', words: '+ security headers (helmet)' },
  { id: 'log', words: '+ its line in the log (pino)' },
  { id: 'session', words: '+ the session from SQLite (express-session)' },
  { id: 'account', words: '+ identities and opened tokens from SQLite' },
] as const;

interface Server {
  readonly words: string;
  readonly pid: number;
  page(browser: Browser, number: number): Promise<void>;
  readonly browsers: readonly Browser[];
  close(): Promise<void>;
}

const browsersOf = (baseUrl: string) => Array.from({ length: connections }, () => createBrowser(baseUrl));

async function open(browser: Browser, cookie: string): Promise<string> {
  const { status, text } = await browser.get('/profile', cookie);
  if (status !== 200) throw new Error(`/profile answered ${status}`);
  return text;
}

async function startParts(folder: string, words: string, names: readonly string[]): Promise<Server> {
  const database = join(folder, `${names.length}.sqlite`);
  await copyFile(join(folder, 'filled.sqlite'), database);
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const child = await startProcess({
    command: [process.execPath, join(project, 'bench/parts-server.ts')],
    folder,
    env: {
      NODE_ENV: 'production',
      PARTS: names.join(','),
      PAGE_FILE: join(folder, 'page.html'),
      DATABASE_FILE: database,
      SECRET: secret,
      PORT: String(port),
    },
    core: applicationCore,
    logFile: join(folder, `${names.length}.log`),
    ready: `${baseUrl}/`,
  });
  return {
    words,
    pid: child.pid!,
    browsers: browsersOf(baseUrl),
    page: async (browser, number) => void (await open(browser, cookieOf(number))),
    close: () => stopProcess(child),
  };
}

async function startLatchkey(folder: string, stubUrl: string): Promise<Server> {
  const data = await mkdtemp(join(folder, 'data-'));
  await copyFile(join(folder, 'filled.sqlite'), join(data, 'latchkey.sqlite'));
  const { baseUrl, child, close } = await startApplication(stubUrl, applicationCore, { DATA_DIR: data });
  return {
    words: '+ made by Latchkey from its templates, limits and checks',
    pid: child.pid!,
    browsers: browsersOf(baseUrl),
    page: async (browser, number) => void (await open(browser, cookieOf(number))),
    close,
  };
}

async function startPassport(): Promise<Server> {
  const surroundings = await startSurroundings(null);
  const contestant = contestants.find(({ id }) => id === 'passport-redis')!;
  const running = await startContestant(contestant, surroundings);
  const load = running.load(connections);
  await load.logins(forCount(people));
  const { sessions } = load;
  return {
    words: 'Passport on connect-redis, its own page',
    pid: running.child.pid!,
    browsers: browsersOf(running.baseUrl),
    page: async (browser, number) => void (await open(browser, sessions[number]!.cookie)),
    async close() {
      await load.close();
      await running.close();
      await surroundings.close();
    },
  };
}

/** Milliseconds of computing time for each of so many pages. */
async function turn({ pid, browsers, page }: Server, count: number): Promise<number> {
  const before = await readComputingExactly(pid);
  let begun = 0;
  await Promise.all(
    browsers.map(async (browser) => {
      while (begun < count) await page(browser, begun++ % people);
    }),
  );
  return ((await readComputingExactly(pid)) - before) / count;
}

pinThisProcess();
const { folder, remove } = await makeFolder('latchkey-parts-');
const stub = await startStub();
const servers: Server[] = [];
try {
  await fillSqlite(join(folder, 'filled.sqlite'), people);
  const passport = await startPassport();
  servers.push(passport);
  const whole = await startLatchkey(folder, stub.url);
  servers.push(whole);
  const html = await open(whole.browsers[0]!, cookieOf(0));
  await writeFile(join(folder, 'page.html'), html);
  servers.splice(1, 0, await startParts(folder, `a page of ${html.length} characters, sent by Express`, []));
  for (const [index, { words }] of parts.entries()) {
    const names = parts.slice(0, index + 1).map(({ id }) => id);
    servers.splice(-1, 0, await startParts(folder, words, names));
  }
  for (const server of servers) await turn(server, pagesBefore);
  const costs = servers.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const index of servers.keys()) {
      const place = (index + round) % servers.length;
      costs[place]!.push(await turn(servers[place]!, pagesATurn));
    }
  console.log(`Node ${process.versions.node}, ${rounds} rounds of ${pagesATurn} pages, after ${pagesBefore}`);
  console.log('computing time of a page | pages for the same computing time, as a multiple of Passport’s');
  for (const [index, { words }] of servers.entries()) {
    const cost = median(costs[index]!);
    const ratio = median(costs[index]!.map((one, round) => costs[0]![round]! / one));
    console.log(`${(cost * 1000).toFixed(0).padStart(6)} µs  ${ratio.toFixed(2)}  ${words}`);
  }
} finally {
  for (const { browsers, close } of servers) {
    await Promise.all(browsers.map((browser) => browser.close()));
    await close();
  }
  await stub.close();
  await remove();
}
