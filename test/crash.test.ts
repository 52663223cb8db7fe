import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createSandbox, type Sandbox } from '../src/sandbox/app.ts';
import { madeUpClients, type Registration } from '../src/sandbox/registrations.ts';
import { testSecret } from './support/latchkey.ts';
import { freePort, type ServerProcess, startProcess, stopProcess } from './support/process.ts';
import { linkProvider, signIn, Visitor } from './support/visitor.ts';

/*
 * A real process on the embedded database, killed in the middle of logins and links, again and
 * again. What a person has seen confirmed must be there after the next start.
 */

const rounds = 50;
const visitorsAtOnce = 4;

let folder: string;
let baseUrl: string;
let sandbox: Sandbox;
let environment: Record<string, string>;
const sandboxServer = createServer();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-crash-'));
  const port = await freePort();
  await new Promise<void>((resolve) => sandboxServer.listen(0, '127.0.0.1', resolve));
  const sandboxUrl = `http://localhost:${(sandboxServer.address() as { port: number }).port}`;
  baseUrl = `http://localhost:${port}`;
  sandbox = await createSandbox({
    baseUrl: sandboxUrl,
    registrations: (['twitch', 'mixin', 'resonite', 'mixer'] as const).map((service): Registration => {
      const redirectUris = [`${baseUrl}/login/${service}/callback`];
      return { service, ...madeUpClients[service], name: 'Latchkey', redirectUris };
    }),
    autoApprove: true,
    now: Date.now,
  });
  sandboxServer.on('request', sandbox.app);
  environment = {
    PORT: String(port),
    BASE_URL: baseUrl,
    SANDBOX_URL: sandboxUrl,
    SESSION_SECRET: testSecret,
    LOG_LEVEL: 'silent',
  };
});
afterAll(async () => {
  await sandbox.close();
  await new Promise((resolve) => {
    sandboxServer.close(resolve);
    sandboxServer.closeAllConnections();
  });
  rmSync(folder, { recursive: true });
});

/** What people have seen confirmed: on which account which subjects are. */
interface Acknowledged {
  readonly visitor: Visitor;
  readonly subjects: string[];
}

/** Signs new people in and links a second service, until the server is gone. */
async function keepSigningIn(acknowledged: Acknowledged[], name: () => string): Promise<void> {
  for (;;) {
    const visitor = new Visitor();
    const person = name();
    const entry: Acknowledged = { visitor, subjects: [] };
    try {
      // Chosen and used up within one turn of the loop: the sandbox asks when the browser arrives.
      sandbox.state.settings.autoApproveAs = person;
      const page = await signIn(visitor, baseUrl, 'Resonite');
      if (page.heading !== 'Your accounts') return;
      acknowledged.push(entry);
      entry.subjects.push(subjectOn(visitor, 'Resonite'));
      await linkProvider(visitor, baseUrl, 'Mixer');
      if (visitor.page.status !== 200 || !visitor.page.text.includes('is linked')) continue;
      entry.subjects.push(subjectOn(visitor, 'Mixer'));
    } catch {
      return;
    }
  }
}

/** The account number on a card. */
function subjectOn({ page: { $ } }: Visitor, provider: string): string {
  const card = $('article')
    .toArray()
    .find((element) => $(element).find('h3').text().trim() === provider);
  if (!card) throw new Error(`no card of ${provider}`);
  const raw = $(card).find('pre').text();
  return String((JSON.parse(raw) as { id: unknown }).id);
}

function readDatabase() {
  const database = new DatabaseSync(join(folder, 'latchkey.sqlite'), { readOnly: true });
  const integrity = database.prepare('pragma integrity_check').all();
  const identities = database.prepare('select account_id, subject from identities').all() as {
    account_id: string;
    subject: string;
  }[];
  const orphans = database
    .prepare('select id from accounts where id not in (select account_id from identities)')
    .all();
  database.close();
  return { integrity, identities, orphans };
}

test(`killed ${rounds} times in the middle of logins and links, it loses nothing that was confirmed`, async () => {
  const acknowledged: Acknowledged[] = [];
  let people = 0;
  for (let round = 0; round < rounds; round++) {
    const server: ServerProcess = await startProcess(folder, environment);
    expect(server.output()).toContain('Ctrl+C to stop');
    const before = acknowledged.length;
    const visiting = Array.from({ length: visitorsAtOnce }, () =>
      keepSigningIn(acknowledged, () => `Person ${people++}`),
    );
    // Killed at another moment each time, but never before anything was confirmed.
    while (acknowledged.length < before + 2) await new Promise(setImmediate);
    for (let turns = (round * 37) % 400; turns > 0; turns--) await new Promise(setImmediate);
    await stopProcess(server.child, 'SIGKILL');
    await Promise.all(visiting);

    const { integrity, identities, orphans } = readDatabase();
    expect(integrity).toEqual([{ integrity_check: 'ok' }]);
    expect(orphans).toEqual([]);
    const accountOf = new Map(identities.map(({ account_id, subject }) => [subject, account_id]));
    for (const { subjects } of acknowledged.slice(before)) {
      expect(subjects.filter((subject) => !accountOf.has(subject))).toEqual([]);
      expect(new Set(subjects.map((subject) => accountOf.get(subject))).size).toBe(1);
    }
  }

  // And those who saw themselves signed in still are.
  const server = await startProcess(folder, environment);
  for (const { visitor } of acknowledged.slice(-10)) {
    expect((await visitor.open(`${baseUrl}/profile`)).heading).toBe('Your accounts');
  }
  expect(await stopProcess(server.child, 'SIGTERM')).toBe(0);
  expect(acknowledged.length).toBeGreaterThan(rounds);
}, 280_000);
