import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { type Application, startApplication } from './application.ts';
import { readComputingExactly } from './computing.ts';
import { readHandOff } from './contestants.ts';
import { createBenchDatabase } from './postgresql.ts';
import { freePort, makeFolder, startProcess, stopProcess, project } from './processes.ts';
import { startStub } from './stub-process.ts';
import { personOf } from './provider.ts';
import { median } from './statistics.ts';

/*
 * npm run bench:nodes [-- --rounds 8 --logins 600 --rate 60 --out file]
 *
 * Whether nodes get in each other's way: two of them on one PostgreSQL and one Redis, as behind a
 * balancer. The same load comes to one of them alone, or to both in turn, so that a login begins on
 * one node and ends on the other. Rounds take turns; what counts is the computing time of a login, of
 * all nodes together, and beside it that of PostgreSQL and of Redis. Linux only; needs redis-server
 * and a PostgreSQL server on this machine (BENCH_POSTGRES_URL).
 */

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    logins: { type: 'string', default: '600' },
    /** So many logins begin in a second, however long they take. */
    rate: { type: 'string', default: '60' },
    out: { type: 'string', default: 'bench/results/two-nodes.json' },
  },
});
const [rounds, logins, rate] = [options.rounds, options.logins, options.rate].map(Number) as [
  number,
  number,
  number,
];

const dispatcher = new Agent({ connections: 16, keepAliveTimeout: 60_000 });

/** One login of somebody new: each of its requests goes to the next of these nodes. */
async function login(nodes: readonly Application[], baseUrl: string, person: number): Promise<void> {
  let turn = person;
  const jar = new Map<string, string>();
  async function send(method: 'GET' | 'POST', path: string) {
    const node = nodes[turn++ % nodes.length]!;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const { statusCode, headers, body } = await request(node.baseUrl + path, {
      method,
      dispatcher,
      headers: { host: new URL(baseUrl).host, 'sec-fetch-site': 'same-origin', cookie },
    });
    for (const line of [headers['set-cookie'] ?? []].flat()) {
      const [pair] = line.split(';');
      const equals = pair!.indexOf('=');
      jar.set(pair!.slice(0, equals), pair!.slice(equals + 1));
    }
    return { status: statusCode, text: await body.text(), location: String(headers['location'] ?? '') };
  }
  const start = await send('POST', '/login/resonite');
  const provider = await request(readHandOff(start.status, start.text), {
    dispatcher,
    headers: { cookie: `person=${person}` },
  });
  await provider.body.dump();
  const callback = String(provider.headers['location']);
  const { location } = await send('GET', callback.slice(baseUrl.length));
  const page = await send('GET', new URL(location, baseUrl).pathname);
  if (page.status !== 200 || !page.text.includes(personOf(person).name))
    throw new Error(`the page of ${person} answered ${page.status}`);
}

let person = 40_000_000;

/** Begins logins at a steady pace and waits for all of them. */
async function offer(nodes: readonly Application[], baseUrl: string, count: number): Promise<number[]> {
  const began = performance.now();
  const all: Promise<number>[] = [];
  for (let index = 0; index < count; index++) {
    const early = began + (index * 1000) / rate - performance.now();
    if (early > 0) await pause(early);
    const at = performance.now();
    all.push(login(nodes, baseUrl, person++).then(() => performance.now() - at));
  }
  return Promise.all(all);
}

/** Bytes that Redis has in use. */
function readRedisMemory(port: number): Promise<number> {
  return new Promise((done, fail) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('INFO memory\r\n'));
    socket.on('error', fail).on('data', (chunk) => {
      text += String(chunk);
      const bytes = /used_memory:(\d+)/.exec(text)?.[1];
      if (bytes === undefined) return;
      socket.destroy();
      done(Number(bytes));
    });
  });
}

/** Milliseconds of computing time for each login, and how long the middle one took. */
interface Round {
  readonly nodes: number;
  readonly postgresql: number;
  readonly redis: number;
  readonly p50: number;
}

const loadBefore = loadavg()[0]!;
const closers: (() => Promise<unknown>)[] = [];
const closeAll = async () => {
  for (const close of closers.splice(0).reverse()) await close();
};

try {
  const stub = await startStub();
  closers.push(stub.close);
  const database = await createBenchDatabase();
  closers.push(database.drop);
  const { folder, remove } = await makeFolder('latchkey-nodes-');
  closers.push(remove);
  const redisPort = await freePort();
  const redis = await startProcess({
    command: ['redis-server', '--bind', '127.0.0.1', '--port', String(redisPort), '--save', ''],
    folder,
    env: {},
    core: null,
    ready: null,
  });
  closers.push(() => stopProcess(redis));
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  const env = { DATABASE_URL: database.url, SESSION_STORE_URL: `redis://127.0.0.1:${redisPort}` };
  const nodes: Application[] = [];
  for (let index = 0; index < 2; index++) {
    const node = await startApplication(stub.url, null, env, baseUrl);
    nodes.push(node);
    closers.push(node.close);
  }

  const readNodes = async () => {
    const times = await Promise.all(nodes.map(({ child }) => readComputingExactly(child.pid!)));
    return times.reduce((sum, time) => sum + time, 0);
  };
  const readAll = async () => ({
    nodes: await readNodes(),
    postgresql: await database.computing(),
    redis: await readComputingExactly(redis.pid!),
  });
  async function measure(of: readonly Application[]): Promise<Round> {
    const before = await readAll();
    const latencies = await offer(of, baseUrl, logins);
    const after = await readAll();
    return {
      nodes: (after.nodes - before.nodes) / logins,
      postgresql: (after.postgresql - before.postgresql) / logins,
      redis: (after.redis - before.redis) / logins,
      p50: median(latencies),
    };
  }

  for (const node of nodes) await offer([node], baseUrl, logins);
  const memoryBefore = await readRedisMemory(redisPort);
  const began = person;
  const one: Round[] = [];
  const two: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = round % 2 === 0;
    if (first) one.push(await measure([nodes[round % 4 < 2 ? 0 : 1]!]));
    two.push(await measure(nodes));
    if (!first) one.push(await measure([nodes[round % 4 < 2 ? 0 : 1]!]));
    const words = [one, two].map((of) => {
      const { nodes: own, postgresql, redis: store } = of.at(-1)!;
      return `nodes ${own.toFixed(2)}, PostgreSQL ${postgresql.toFixed(2)}, Redis ${store.toFixed(2)}`;
    });
    process.stdout.write(`${round + 1}. milliseconds a login: one node: ${words.join('; two: ')}\n`);
  }
  const redisBytes = ((await readRedisMemory(redisPort)) - memoryBefore) / (person - began);
  const ratio = (read: (round: Round) => number) =>
    median(two.map((round, index) => read(round) / read(one[index]!)));
  const middle = (of: readonly Round[]): Round => ({
    nodes: median(of.map((round) => round.nodes)),
    postgresql: median(of.map((round) => round.postgresql)),
    redis: median(of.map((round) => round.redis)),
    p50: median(of.map((round) => round.p50)),
  });
  const ratios = {
    nodes: ratio((round) => round.nodes),
    postgresql: ratio((round) => round.postgresql),
    redis: ratio((round) => round.redis),
    all: ratio((round) => round.nodes + round.postgresql + round.redis),
  };
  process.stdout.write(
    `Two nodes to one, medians of ${rounds} rounds: computing time of the nodes ${ratios.nodes.toFixed(2)}, PostgreSQL ${ratios.postgresql.toFixed(2)}, Redis ${ratios.redis.toFixed(2)}, all ${ratios.all.toFixed(2)}; ${Math.round(redisBytes)} bytes in Redis for each login\n`,
  );
  const result = {
    date: new Date().toISOString(),
    node: process.versions.node,
    machine: { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length, loadBefore },
    plan: { rounds, logins, rate },
    /** A session, its grant and, for an hour, the tombstone of its login. */
    redisBytesPerLogin: Math.round(redisBytes),
    one: middle(one),
    two: middle(two),
    ratios,
    rounds: { one, two },
  };
  const file = resolve(project, options.out);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`Written to ${options.out}\n`);
} finally {
  await closeAll();
}
