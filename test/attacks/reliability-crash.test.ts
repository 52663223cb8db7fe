import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { testSecret } from '../support/latchkey.ts';
import { freePort, type ServerProcess, startProcess, stopProcess } from '../support/process.ts';
import { type SandboxBeside, startSandboxBeside } from '../support/sandbox-beside.ts';
import { timed } from '../support/timed.ts';
import { until } from '../support/until.ts';
import { linkProvider, signIn, Visitor } from '../support/visitor.ts';
import { attack } from './attack.ts';

/*
 * A real process on the embedded database, killed in the middle of logins, links and unlinks, again and
 * again. What a person has seen confirmed must be so after the next start.
 */

const rounds = 50;
const visitorsAtOnce = 4;

let folder: string;
let baseUrl: string;
let beside: SandboxBeside;
let environment: Record<string, string>;
let server: ServerProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-crash-'));
  const port = await freePort();
  baseUrl = `http://localhost:${port}`;
  beside = await startSandboxBeside(baseUrl, { autoApprove: true });
  environment = {
    PORT: String(port),
    BASE_URL: baseUrl,
    SANDBOX_URL: beside.url,
    SESSION_SECRET: testSecret,
    LOG_LEVEL: 'silent',
  };
});
// A second try of the test finds the port free.
afterEach(async () => {
  if (server) await stopProcess(server.child, 'SIGKILL');
});
afterAll(async () => {
  await beside.close();
  rmSync(folder, { recursive: true });
});

/** What people have seen confirmed: on which account which subjects are, and which are no more. */
interface Acknowledged {
  readonly visitor: Visitor;
  readonly subjects: string[];
  readonly unlinked: string[];
  /** How often anything was confirmed. */
  confirmations: number;
  /** A link gives the session a new id. Whoever does not hear of it has to sign in again. */
  isLinking: boolean;
}

let links = 0;

/** Signs new people in, links a second service and unlinks every other one again, until the server is gone. */
async function keepSigningIn(acknowledged: Acknowledged[], name: () => string): Promise<void> {
  for (;;) {
    const visitor = new Visitor();
    const person = name();
    const entry: Acknowledged = { visitor, subjects: [], unlinked: [], confirmations: 0, isLinking: false };
    try {
      visitor.headers.set('X-Sandbox-Person', person);
      const page = await signIn(visitor, baseUrl, 'Resonite');
      if (page.heading !== 'Your accounts') return;
      acknowledged.push(entry);
      entry.subjects.push(subjectOn(visitor, 'Resonite'));
      entry.confirmations += 1;
      entry.isLinking = true;
      await linkProvider(visitor, baseUrl, 'Mixer');
      entry.isLinking = false;
      if (visitor.page.status !== 200 || !visitor.page.text.includes('is linked')) continue;
      const subject = subjectOn(visitor, 'Mixer');
      entry.subjects.push(subject);
      entry.confirmations += 1;
      if (links++ % 2 === 0) continue;
      await visitor.press('Unlink Mixer');
      // From here on until it is confirmed, both are right.
      entry.subjects.pop();
      await visitor.press('Unlink Mixer');
      if (!visitor.page.text.includes('Mixer is unlinked.')) continue;
      entry.unlinked.push(subject);
      entry.confirmations += 1;
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
  const strays = database
    .prepare('select id from identities where account_id not in (select id from accounts)')
    .all();
  database.close();
  return { integrity, identities, orphans, strays };
}

/** Leaves behind what a process that was killed long ago would: a login that nobody ever finished. */
function leaveOldLogin(): void {
  const database = new DatabaseSync(join(folder, 'latchkey.sqlite'));
  database
    .prepare(
      `insert into expiring_records (kind, key, owner, value, expires_at, purge_at)
       values ('login', 'long-ago', 'nobody', '{}', 1, 2)`,
    )
    .run();
  database.close();
}

function hasOldLogin(): boolean {
  const database = new DatabaseSync(join(folder, 'latchkey.sqlite'), { readOnly: true });
  const row = database.prepare(`select key from expiring_records where key = 'long-ago'`).get();
  database.close();
  return row !== undefined;
}

attack('REL-05', () => {
  test(`killed ${rounds} times in the middle of logins, links and unlinks, it loses nothing that was confirmed`, async () => {
    const acknowledged: Acknowledged[] = [];
    const startMilliseconds: number[] = [];
    let people = 0;
    for (let round = 0; round < rounds; round++) {
      const [started, milliseconds] = await timed(() => startProcess(folder, environment));
      server = started;
      startMilliseconds.push(milliseconds);
      expect(server.output()).toContain('Ctrl+C to stop');
      const before = acknowledged.length;
      const confirmations = () =>
        acknowledged.slice(before).reduce((sum, entry) => sum + entry.confirmations, 0);
      const visiting = Array.from({ length: visitorsAtOnce }, () =>
        keepSigningIn(acknowledged, () => `Person ${people++}`),
      );
      // Killed at another moment each time: during sign-ins, then links, then unlinks.
      const enough = 2 + 3 * (round % 5);
      await until(() => confirmations() >= enough, 60_000);
      for (let turns = (round * 37) % 400; turns > 0; turns--) await new Promise(setImmediate);
      await stopProcess(server.child, 'SIGKILL');
      await Promise.all(visiting);

      const { integrity, orphans, strays } = readDatabase();
      expect(integrity).toEqual([{ integrity_check: 'ok' }]);
      expect([orphans, strays]).toEqual([[], []]);
    }

    // After all rounds, so that no later start has undone what an earlier one had kept.
    const { identities } = readDatabase();
    const accountOf = new Map(identities.map(({ account_id, subject }) => [subject, account_id]));
    const confirmed = acknowledged.flatMap(({ subjects }) => subjects);
    const unlinked = acknowledged.flatMap((entry) => entry.unlinked);
    expect(confirmed.filter((subject) => !accountOf.has(subject))).toEqual([]);
    expect(unlinked.filter((subject) => accountOf.has(subject))).toEqual([]);
    for (const { subjects } of acknowledged) {
      expect(new Set(subjects.map((subject) => accountOf.get(subject))).size).toBe(1);
    }
    expect(confirmed.length).toBeGreaterThan(rounds);
    expect(unlinked.length).toBeGreaterThan(0);
    // The slowest of fifty starts on a busy machine says little; the usual one says much.
    expect(startMilliseconds.toSorted((one, other) => one - other)[rounds / 2]).toBeLessThan(5000);

    // And those who saw themselves signed in still are, while nobody remembers old logins.
    leaveOldLogin();
    server = await startProcess(folder, environment);
    const settled = acknowledged.filter(({ isLinking }) => !isLinking);
    for (const { visitor } of settled.slice(-10)) {
      expect((await visitor.open(`${baseUrl}/profile`)).heading).toBe('Your accounts');
    }
    expect(hasOldLogin()).toBe(false);
    expect(await stopProcess(server.child, 'SIGTERM')).toBe(0);
  }, 400_000);
});
