import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';

/*
 * node bench/recorder-cost.ts [rounds] [logins]
 *
 * What the inspector costs a login: the application in production mode as it is, with INSPECTOR=off
 * and with INSPECTOR=on, against a copy of it in which every recording function is empty. The three
 * take turns, in another order each round; each round gives a ratio to the copy, and the medians
 * count. One sandbox plays Twitch for all. Linux only: computing time is read from /proc.
 */

const rounds = Number(process.argv[2] ?? 10);
const logins = Number(process.argv[3] ?? 300);
const warmUp = 150;
const project = join(import.meta.dirname, '..');
const ticksPerSecond = 100;

/** What the copy has in the places of the files that record. */
const emptied: Readonly<Record<string, string>> = {
  'recorder.ts': `const none = { answered() {}, failed() {} };
export function recordCheck() {}
export function recordGrantedScope() {}
export function recordToken() {}
export function recordRequest() { return none; }
`,
  'logins.ts': `export function recordLoginStart() {}
export function recordCallback() {}
export function recordVisitEnd() {}
`,
  'own-flows.ts': `export const inFlow = (_purpose, _client, work) => work();
`,
};

interface Contestant {
  readonly name: string;
  readonly folder: string;
  readonly inspector: 'on' | 'off';
}

interface Measured {
  readonly loginsPerSecond: number;
  /** Milliseconds of computing time of the application, for each login. */
  readonly computing: number;
}

async function copyWithoutRecorder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  for (const name of ['src', 'views', 'public', 'package.json'])
    await cp(join(project, name), join(folder, name), { recursive: true });
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(emptied))
    await writeFile(join(folder, 'src/inspector', name), text);
  const scope = join(folder, 'src/inspector/scope.ts');
  const text = await readFile(scope, 'utf8');
  const without = text.replace('return current() !== null;', 'return false;');
  if (without === text) throw new Error('isRecording() looks different now');
  await writeFile(scope, without);
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts a process and waits until it answers. */
async function startProcess(folder: string, file: string, env: Record<string, string>, ready: string) {
  const usual = { PATH: process.env['PATH'] ?? '' };
  const child = spawn(process.execPath, [join(folder, file)], {
    cwd: folder,
    env: { ...usual, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (const end = Date.now() + 15_000; Date.now() < end; ) {
    const answer = await request(ready).catch(() => null);
    await answer?.body.dump();
    if (answer?.statusCode === 200) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${file} does not answer at ${ready}`);
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function readComputing({ pid }: ChildProcess): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

const dispatcher = new Agent({ connections: 8 });

/** One whole login in a new browser: the button, the service, the callback. */
async function login(baseUrl: string): Promise<void> {
  const start = await request(`${baseUrl}/login/twitch`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    body: '',
    dispatcher,
  });
  const page = await start.body.text();
  const href = /<a href="([^"]+authorize[^"]+)"/
    .exec(page)?.[1]
    ?.replaceAll('&amp;', '&')
    .replaceAll('&#38;', '&');
  if (start.statusCode !== 200 || !href) throw new Error(`the start answered ${start.statusCode}`);
  const cookie = [start.headers['set-cookie'] ?? []]
    .flat()
    .map((one) => one.split(';')[0])
    .join('; ');
  const authorization = await request(href, { headers: { accept: 'application/json' }, dispatcher });
  await authorization.body.dump();
  const callback = String(authorization.headers['location'] ?? '');
  const end = await request(callback, { headers: { cookie }, dispatcher });
  await end.body.dump();
  if (end.statusCode !== 303) throw new Error(`the callback answered ${end.statusCode}`);
}

async function loginMany(baseUrl: string, count: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await login(baseUrl);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

async function measure(
  { folder, inspector }: Contestant,
  sandboxUrl: string,
  port: number,
): Promise<Measured> {
  const data = await mkdtemp(join(tmpdir(), 'latchkey-bench-data-'));
  const baseUrl = `http://localhost:${port}`;
  const env = {
    NODE_ENV: 'production',
    BASE_URL: baseUrl,
    PORT: String(port),
    SESSION_SECRET: 'not-a-secret-but-long-enough-for-a-benchmark-0123456789',
    DATA_DIR: data,
    SANDBOX: 'on',
    SANDBOX_URL: sandboxUrl,
    INSPECTOR: inspector,
    // All come from one address; each is counted, and none refused.
    RATE_LIMIT_START_PER_ADDRESS: '1000000',
    RATE_LIMIT_CALLBACK_PER_ADDRESS: '1000000',
    DRAIN_SECONDS: '0',
  };
  const child = await startProcess(folder, 'src/server.ts', env, `${baseUrl}/readyz`);
  try {
    await loginMany(baseUrl, warmUp);
    const [began, before] = [performance.now(), await readComputing(child)];
    await loginMany(baseUrl, logins);
    const seconds = (performance.now() - began) / 1000;
    const computing = ((await readComputing(child)) - before) / logins;
    return { loginsPerSecond: logins / seconds, computing };
  } finally {
    await stop(child);
    await rm(data, { recursive: true, force: true });
  }
}

const median = (values: readonly number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

const copy = await copyWithoutRecorder();
const [appPort, sandboxPort] = [await freePort(), await freePort()];
const sandboxUrl = `http://localhost:${sandboxPort}`;
const registrations = join(copy, 'registrations');
await mkdir(registrations);
const sandbox = await startProcess(
  project,
  'src/commands/sandbox.ts',
  {
    SANDBOX_PORT: String(sandboxPort),
    SANDBOX_AUTO_APPROVE: 'true',
    SANDBOX_REDIRECT_URIS: `http://localhost:${appPort}/login/twitch/callback`,
  },
  `${sandboxUrl}/`,
);
try {
  const contestants: readonly Contestant[] = [
    { name: 'without the recorder', folder: copy, inspector: 'off' },
    { name: 'INSPECTOR=off', folder: project, inspector: 'off' },
    { name: 'INSPECTOR=on', folder: project, inspector: 'on' },
  ];
  const [reference, ...others] = contestants;
  const ratios = new Map(
    others.map(({ name }) => [name, { logins: [] as number[], computing: [] as number[] }]),
  );
  console.log(`Node ${process.versions.node}, ${rounds} rounds of ${logins} logins after ${warmUp}`);
  for (let round = 0; round < rounds; round++) {
    const turn = contestants.map((_, index) => contestants[(index + round) % contestants.length]!);
    const results = new Map<string, Measured>();
    for (const contestant of turn)
      results.set(contestant.name, await measure(contestant, sandboxUrl, appPort));
    const base = results.get(reference!.name)!;
    const words = [...results].map(
      ([name, { loginsPerSecond, computing }]) =>
        `${name}: ${loginsPerSecond.toFixed(0)}/s, ${computing.toFixed(2)} ms`,
    );
    console.log(`${round + 1}. ${words.join('; ')}`);
    for (const { name } of others) {
      const { loginsPerSecond, computing } = results.get(name)!;
      ratios.get(name)!.logins.push(loginsPerSecond / base.loginsPerSecond);
      ratios.get(name)!.computing.push(base.computing / computing);
    }
  }
  for (const [name, { logins: byTime, computing }] of ratios)
    console.log(
      `${name}, median of the ratios to the copy without it: logins/s ${median(byTime).toFixed(3)}, logins for the same computing time ${median(computing).toFixed(3)}`,
    );
} finally {
  await stop(sandbox);
  await rm(copy, { recursive: true, force: true });
}
