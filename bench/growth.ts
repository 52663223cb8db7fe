import { mkdir, stat, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Application, latchkey, startApplication } from './application.ts';
import { createBrowser } from './browser.ts';
import { readComputingExactly } from './computing.ts';
import { cookieOf, fillPostgresql, fillSqlite } from './fill.ts';
import { createDice, login, newcomersInHundred } from './load.ts';
import { createBenchDatabase } from './postgresql.ts';
import { applicationCore, makeFolder, pinThisProcess, project } from './processes.ts';
import { startStub } from './stub-process.ts';
import { personOf } from './provider.ts';
import { median } from './statistics.ts';

/*
 * npm run bench:growth [-- --sizes 1000,100000,1000000 --rounds 6 --stores sqlite,postgresql --out file]
 *
 * What a login and a profile page cost with few and with many accounts. Each size gets a database of
 * its own, filled as people leave it, and an application of its own; they take turns, in another order
 * each round, and each round gives a ratio to the smallest. Four logins of five are of people who are
 * there, spread evenly over all; pages are of sessions spread likewise. Linux only. Needs about 6 GB of
 * disk for a million, and for PostgreSQL a server on this machine (BENCH_POSTGRES_URL).
 */

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,100000,1000000' },
    rounds: { type: 'string', default: '6' },
    stores: { type: 'string', default: 'sqlite,postgresql' },
    logins: { type: 'string', default: '250' },
    pages: { type: 'string', default: '1500' },
    'warm-up': { type: 'string', default: '400' },
    out: { type: 'string', default: 'bench/results/growth.json' },
  },
});
const sizes = options.sizes.split(',').map(Number);
const rounds = Number(options.rounds);
const loginCount = Number(options.logins);
const pageCount = Number(options.pages);
/** Newcomers, so that the few who are there do not get many sessions each. */
const warmUpCount = Number(options['warm-up']);
const connections = 8;

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Milliseconds: computing time for each, of the application and of the database server, and p50. */
interface Cost {
  readonly application: number;
  readonly database: number;
  readonly p50: number;
}

/** Bytes for each account, with its indexes. */
interface Sizes {
  readonly accounts: number;
  readonly identities: number;
  /** A session and its grant. */
  readonly records: number;
}

interface Filled {
  readonly size: number;
  readonly application: Application;
  readonly bytes: Sizes | null;
  readonly totalBytes: number;
  databaseComputing(): Promise<number>;
  close(): Promise<void>;
}

type Store = 'sqlite' | 'postgresql';

const fillers: Record<Store, (size: number, stubUrl: string) => Promise<Filled>> = {
  async sqlite(size, stubUrl) {
    const { folder, remove } = await makeFolder('latchkey-growth-');
    const file = join(folder, 'latchkey.sqlite');
    try {
      await fillSqlite(file, size);
      const totalBytes = (await stat(file)).size;
      const application = await startApplication(stubUrl, applicationCore, { DATA_DIR: folder });
      const close = async () => {
        await application.close();
        await remove();
      };
      return { size, application, bytes: null, totalBytes, databaseComputing: async () => 0, close };
    } catch (error) {
      await remove();
      throw error;
    }
  },
  async postgresql(size, stubUrl) {
    const database = await createBenchDatabase();
    try {
      await fillPostgresql(database.url, size);
      const tables = await database.query(
        "select relname, pg_total_relation_size(oid)::float8 as bytes from pg_class where relkind = 'r' and relname in ('accounts', 'identities', 'expiring_records')",
      );
      const bytesOf = (name: string) =>
        Math.round(Number(tables.find(({ relname }) => relname === name)!['bytes']) / size);
      const bytes = {
        accounts: bytesOf('accounts'),
        identities: bytesOf('identities'),
        records: bytesOf('expiring_records'),
      };
      const totalBytes = tables.reduce((sum, table) => sum + Number(table['bytes']), 0);
      const application = await startApplication(stubUrl, applicationCore, { DATABASE_URL: database.url });
      const close = async () => {
        await application.close();
        await database.drop();
      };
      return { size, application, bytes, totalBytes, databaseComputing: database.computing, close };
    } catch (error) {
      await database.drop();
      throw error;
    }
  },
};

const dice = createDice();
let newcomers = 20_000_000;

const pickPerson = (size: number) => (dice(100) < newcomersInHundred ? newcomers++ : dice(size));

type Browser = ReturnType<typeof createBrowser>;
type Work = (filled: Filled, browser: Browser) => Promise<void>;

const loginOfSomebody: Work = async ({ size, application }, browser) => {
  await login(latchkey, application.baseUrl, browser, pickPerson(size));
};
const loginOfNewcomer: Work = async ({ application }, browser) => {
  await login(latchkey, application.baseUrl, browser, newcomers++);
};
const pageOfSomebody: Work = async ({ size }, browser) => {
  const number = dice(size);
  const { status, text } = await browser.get('/profile', cookieOf(number));
  if (status !== 200 || !text.includes(personOf(number).name))
    throw new Error(`the page of ${number} answered ${status}`);
};

async function measure(filled: Filled, work: Work, count: number): Promise<Cost> {
  const browsers = Array.from({ length: connections }, () => createBrowser(filled.application.baseUrl));
  const latencies: number[] = [];
  const read = async () => ({
    application: await readComputingExactly(filled.application.child.pid!),
    database: await filled.databaseComputing(),
  });
  let left = count;
  try {
    const before = await read();
    await Promise.all(
      browsers.map(async (browser) => {
        while (left-- > 0) {
          const began = performance.now();
          await work(filled, browser);
          latencies.push(performance.now() - began);
        }
      }),
    );
    const after = await read();
    return {
      application: (after.application - before.application) / count,
      database: (after.database - before.database) / count,
      p50: median(latencies),
    };
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
  }
}

interface Round {
  readonly logins: Cost;
  readonly pages: Cost;
}

const middle = (costs: readonly Cost[]): Cost => ({
  application: median(costs.map(({ application }) => application)),
  database: median(costs.map(({ database }) => database)),
  p50: median(costs.map(({ p50 }) => p50)),
});

const total = ({ application, database }: Cost) => application + database;

async function measureStore(store: Store, stubUrl: string) {
  const all: Filled[] = [];
  try {
    for (const size of sizes) {
      const began = performance.now();
      const filled = await fillers[store](size, stubUrl);
      all.push(filled);
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      const perAccount = Math.round(filled.totalBytes / size);
      say(`${store}: ${size} accounts, ${perAccount} bytes each with session and grant, in ${seconds} s`);
    }
    for (const filled of all) {
      await measure(filled, loginOfNewcomer, warmUpCount);
      await measure(filled, pageOfSomebody, 2 * warmUpCount);
    }
    const results = new Map(all.map(({ size }) => [size, [] as Round[]]));
    for (let round = 0; round < rounds; round++) {
      const turn = all.map((_, index) => all[(index + round) % all.length]!);
      for (const filled of turn) {
        const logins = await measure(filled, loginOfSomebody, loginCount);
        const pages = await measure(filled, pageOfSomebody, pageCount);
        results.get(filled.size)!.push({ logins, pages });
      }
      const line = sizes.map((size) => {
        const { logins, pages } = results.get(size)!.at(-1)!;
        return `${size}: ${total(logins).toFixed(2)} / ${total(pages).toFixed(3)} ms`;
      });
      say(`${store}, round ${round + 1}, computing time of a login / a page: ${line.join('; ')}`);
    }
    const reference = results.get(sizes[0]!)!;
    const ratioTo = (of: readonly Round[], read: (round: Round) => number) =>
      median(of.map((round, index) => read(round) / read(reference[index]!)));
    return all.map(({ size, bytes, totalBytes }) => {
      const own = results.get(size)!;
      return {
        size,
        totalBytes,
        bytesPerAccount: bytes,
        logins: middle(own.map(({ logins }) => logins)),
        pages: middle(own.map(({ pages }) => pages)),
        ratios: {
          loginComputing: ratioTo(own, ({ logins }) => total(logins)),
          pageComputing: ratioTo(own, ({ pages }) => total(pages)),
          loginP50: ratioTo(own, ({ logins }) => logins.p50),
          pageP50: ratioTo(own, ({ pages }) => pages.p50),
        },
        rounds: own,
      };
    });
  } finally {
    await Promise.all(all.map((filled) => filled.close()));
  }
}

pinThisProcess();
const loadBefore = loadavg()[0]!;
const stub = await startStub();
const stores: Partial<Record<Store, Awaited<ReturnType<typeof measureStore>>>> = {};
try {
  for (const store of options.stores.split(',') as Store[])
    stores[store] = await measureStore(store, stub.url);
} finally {
  await stub.close();
}
for (const [store, results] of Object.entries(stores))
  for (const { size, logins, pages, ratios } of results)
    say(
      `${store}, ${size} accounts: login ${total(logins).toFixed(2)} ms of computing (database server ${logins.database.toFixed(2)}), p50 ${logins.p50.toFixed(1)} ms; page ${total(pages).toFixed(3)} ms (${pages.database.toFixed(3)}), p50 ${pages.p50.toFixed(2)} ms; to the smallest: login ${ratios.loginComputing.toFixed(2)}, page ${ratios.pageComputing.toFixed(2)}, p50 ${ratios.loginP50.toFixed(2)} and ${ratios.pageP50.toFixed(2)}`,
    );
const machine = { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length, loadBefore };
const file = resolve(project, options.out);
await mkdir(join(file, '..'), { recursive: true });
const node = process.versions.node;
const plan = { sizes, rounds, logins: loginCount, pages: pageCount, warmUpCount, newcomersInHundred };
await writeFile(
  file,
  `${JSON.stringify({ date: new Date().toISOString(), node, machine, plan, stores }, null, 2)}\n`,
);
say(`Written to ${options.out}`);
