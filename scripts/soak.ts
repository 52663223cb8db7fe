import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { madeUpClients } from '../src/sandbox/registrations.ts';
import { createPostgresDatabase } from '../test/support/open-stores.ts';
import { freePort, startProcess, stopProcess } from '../test/support/process.ts';
import { startOwnRedis } from '../test/support/redis-server.ts';
import { openTcpProxy } from '../test/support/tcp-proxy.ts';
import { openBalancer } from './soak/balancer.ts';
import { browse, createTally } from './soak/browser.ts';
import { compareWithDatabase, type LedgerAccount } from './soak/ledger.ts';
import { createNodes } from './soak/nodes.ts';
import { openProviderWire } from './soak/provider-wire.ts';
import { type Recovery, toReport } from './soak/report.ts';
import { createSecrets } from './soak/secrets.ts';
import { listTroubles, type Trouble } from './soak/troubles.ts';

/*
 * npm run soak -- --minutes 10       or --logins 5000, whichever comes first
 *                 --browsers 16      virtual browsers at once
 *                 --calm             without anything that fails, to compare with
 *
 * Two nodes in production mode on PostgreSQL and Redis, one sandbox, and many virtual browsers, while
 * providers, stores and nodes fail in turn. Everything is on loopback. PostgreSQL is the one of the
 * tests (TEST_POSTGRES_URL), with a database of its own that is dropped; Redis is a process of its
 * own, so redis-server must be installed. The limits on requests are off, as in all tests with processes:
 * every browser here has the same address. Ends with 1 when something that must hold did not.
 */

/** No single answer may take longer: a provider has eight seconds, our own stores a few more. */
const limitMilliseconds = 15_000;
const troubleMilliseconds = 5000;
const calmMilliseconds = 2000;
/** So long a store may take until all is well again. */
const recoveryLimitMilliseconds = 10_000;
/** Access tokens end far sooner than they would, so that there is something to refresh. */
const tokenMilliseconds = 7000;
const sessionSecret = 'a-secret-of-the-soak-with-more-than-32-bytes';

/** Undone in the order from last to first, whatever happens. */
const undoing: (() => unknown)[] = [];

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      logins: { type: 'string', default: 'Infinity' },
      browsers: { type: 'string', default: '16' },
      calm: { type: 'boolean', default: false },
    },
  });
  const browsers = Number(values.browsers);
  const tally = createTally();
  const startedAt = performance.now();
  const isOver = () =>
    performance.now() - startedAt > Number(values.minutes) * 60_000 ||
    tally.loginsTried >= Number(values.logins);

  const folder = mkdtempSync(join(tmpdir(), 'latchkey-soak-'));
  undoing.push(() => rmSync(folder, { recursive: true }));
  const secrets = createSecrets();
  secrets.add(sessionSecret);
  for (const { clientSecret } of Object.values(madeUpClients)) secrets.add(clientSecret);
  const log = createLogReader((text) => secrets.countInLog(text));

  // The stores, each behind a wire that can be cut.
  const postgres = await createPostgresDatabase();
  undoing.push(() => postgres.drop());
  const redis = await startOwnRedis();
  undoing.push(() => redis.close());
  const wires = {
    PostgreSQL: await openTcpProxy(postgres.url, 5432),
    Redis: await openTcpProxy(redis.url, 6379),
  };
  undoing.push(...Object.values(wires).map((wire) => () => wire.close()));

  // The address of the application comes first, for everybody has to know it.
  const balancer = await openBalancer(secrets, limitMilliseconds);
  undoing.push(() => balancer.close());
  const baseUrl = `http://localhost:${balancer.port}`;
  const sandbox = await startSandbox(folder, baseUrl, (port) => openProviderWire(port, secrets));

  const ports = [await freePort(), await freePort()];
  const env = {
    NODE_ENV: 'production',
    BASE_URL: baseUrl,
    SANDBOX: 'on',
    SANDBOX_URL: sandbox.url,
    SESSION_SECRET: sessionSecret,
    DATABASE_URL: wires.PostgreSQL.url,
    SESSION_STORE_URL: wires.Redis.url,
  };
  const nodes = createNodes(folder, ports, env, log.read);
  undoing.push(() => nodes.close());
  let longestStartMilliseconds = 0;
  const started = (milliseconds: number) => {
    longestStartMilliseconds = Math.max(longestStartMilliseconds, milliseconds);
  };
  for (const node of ports.keys()) started(await nodes.start(node));
  balancer.serve(nodes);
  process.stdout.write(`Two nodes behind ${baseUrl}, providers at ${sandbox.url}. Rate limits are off.\n`);

  const accounts: LedgerAccount[] = [];
  let people = 0;
  const around = {
    baseUrl,
    tally,
    accounts,
    limitMilliseconds,
    nextPerson() {
      people += 1;
      return `Person${people}x`;
    },
    async pause() {
      await sleep(50 + Math.random() * 250);
      return isOver();
    },
  };
  const browsing = Array.from({ length: browsers }, () => browse(around));
  const expiring = setInterval(() => void sandbox.expireTokens(), tokenMilliseconds);
  undoing.push(() => clearInterval(expiring));

  const recoveries: Recovery[] = [];

  /** Milliseconds until all nodes are ready and somebody's login has worked; null when the end came first. */
  async function waitForRecovery(): Promise<number | null> {
    const since = performance.now();
    const before = tally.loginsDone;
    while (performance.now() - since < 3 * recoveryLimitMilliseconds) {
      const ready = await Promise.all(ports.map((_, node) => nodes.isReady(node)));
      if (ready.every(Boolean) && tally.loginsDone > before) break;
      if (isOver()) return null;
      await sleep(50);
    }
    return Math.round(performance.now() - since);
  }

  async function suffer(trouble: Trouble): Promise<void> {
    await trouble.begin();
    await sleep(troubleMilliseconds);
    await trouble.end();
    const milliseconds = await waitForRecovery();
    if (milliseconds === null) return;
    process.stdout.write(`${trouble.name}: well again after ${milliseconds} ms\n`);
    recoveries.push({ kind: trouble.kind, name: trouble.name, milliseconds });
  }

  const victims = { sandboxUrl: sandbox.url, databaseUrl: postgres.url, wires, redis, nodes, started };
  const troubles = values.calm ? [] : listTroubles(victims);
  for (let turn = 0; troubles.length > 0 && !isOver(); turn++) {
    await sleep(calmMilliseconds);
    await suffer(troubles[turn % troubles.length]!);
  }
  await Promise.all(browsing);
  for (const node of ports.keys()) await nodes.stop(node);

  const { text, broken } = toReport({
    command: `npm run soak -- ${process.argv.slice(2).join(' ')}`.trim(),
    machine: `${availableParallelism()} cores, Node.js ${process.version}`,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    browsers,
    tally,
    seen: balancer.seen,
    verdict: await compareWithDatabase(accounts, postgres.url),
    secretsKnown: secrets.count,
    log: log.figures,
    lives: nodes.lives,
    exits: nodes.exits,
    recoveries,
    recoveryLimitMilliseconds,
    longestStartMilliseconds,
  });
  process.stdout.write(text);
  return broken;
}

/** The pretended providers in a process of their own, behind the wire that learns their secrets. */
async function startSandbox(
  folder: string,
  baseUrl: string,
  openWire: (port: number) => ReturnType<typeof openProviderWire>,
) {
  const port = await freePort();
  const wire = await openWire(port);
  undoing.push(() => wire.close());
  const url = `http://localhost:${wire.port}`;
  const env = {
    SANDBOX_PORT: String(port),
    SANDBOX_URL: url,
    SANDBOX_REDIRECT_URIS: `${baseUrl}/login/{service}/callback`,
  };
  const { child } = await startProcess(folder, env, 'src/commands/sandbox.ts');
  undoing.push(() => stopProcess(child, 'SIGKILL'));
  return {
    url,
    async expireTokens() {
      for (const service of ['twitch', 'resonite', 'mixer']) {
        const answer = await fetch(`${url}/api/services/${service}/expire-tokens`, { method: 'POST' });
        await answer.body?.cancel();
      }
    },
  };
}

/** Looks through what the nodes have printed: for secrets, and for what nobody has caught. */
function createLogReader(countSecrets: (text: string) => number) {
  const figures = { lines: 0, secrets: 0, problems: [] as string[] };
  function read(output: string): void {
    const lines = output.split('\n');
    figures.lines += lines.length;
    figures.secrets += countSecrets(output);
    for (const line of lines) {
      if (line.includes('"code":"internal"')) figures.problems.push(`logged: ${line.slice(0, 800)}`);
      if (/^(\w*Error\b| {4}at |node:internal)/.test(line))
        figures.problems.push(`printed: ${line.slice(0, 300)}`);
    }
  }
  return { figures, read };
}

async function undo(): Promise<void> {
  for (const step of undoing.splice(0).reverse()) await step();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void undo().finally(() => process.exit(130)));
}
try {
  process.exitCode = (await main()) ? 1 : 0;
} finally {
  await undo();
}
