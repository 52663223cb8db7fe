import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Report } from '../../src/setup/doctor.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { listen } from '../support/close-at-end.ts';
import { createPostgresDatabase, migrateAsNewer } from '../support/open-stores.ts';
import { freePort } from '../support/process.ts';
import { runScript } from '../support/run-command.ts';
import { describeWith } from '../support/stores.ts';
import { answerJson, type LocalProvider, startProvider } from './support.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const doctor = (env?: Record<string, string>, words?: string[]) => runScript(folder, 'doctor', env, words);

async function report(env: Record<string, string> = {}, words: string[] = []) {
  const { code, output, errors } = await doctor(env, ['--json', ...words]);
  expect(errors).toBe('');
  const read = JSON.parse(output) as Report;
  const find = (name: string) => read.server.find((finding) => finding.name === name);
  return { code, output, read, find };
}

const production = {
  NODE_ENV: 'production',
  BASE_URL: 'https://login.example.org',
  SESSION_SECRET: 'Zq3vN8xKc5LmW2rT7yHb4JdF9gPs6AaE',
  TWITCH_CLIENT_ID: 'canaryid00000000000000000000id',
  TWITCH_CLIENT_SECRET: 'canarysecret000000000000000000',
};

test('without any variable everything is well, and nothing is written', async () => {
  const { code, output, errors } = await doctor();
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(output).toContain('4 of 4 services are ready. Nothing needs you.');
  expect(output).toContain('  Return address to paste: http://localhost:3000/login/twitch/callback');
  expect(output).toContain('Where: dev.twitch.tv/console/apps, field OAuth Redirect URLs');
  expect(output).toContain('please register an OAuth client');
  expect(output).toContain('Mixer closed on 22 July 2020. There is nothing to set up.');
  expect(readdirSync(folder)).toEqual([]);
});

test('what needs action makes the exit code 1 and says what to do', async () => {
  const { code, output } = await doctor({ TWITCH_CLIENT_ID: 'a'.repeat(30) });
  expect(code).toBe(1);
  expect(output).toContain('3 of 4 services are ready. 1 thing needs you.');
  expect(output).toContain('Twitch: Missing: TWITCH_CLIENT_SECRET');
});

test('--json says the same to programs', async () => {
  const { code, read, find } = await report({ BASE_URL: 'http://login.example.org' });
  expect(code).toBe(1);
  expect(read.healthy).toBe(false);
  expect(find('HTTPS')).toMatchObject({ status: 'needs-action', fix: expect.any(String) });
  expect(read.services.map(({ id }) => id)).toEqual(['twitch', 'mixin', 'resonite', 'mixer']);
  expect(read.services[0]).toMatchObject({
    redirectUri: 'http://login.example.org/login/twitch/callback',
    variables: [
      { name: 'TWITCH_CLIENT_ID', words: 'missing' },
      { name: 'TWITCH_CLIENT_SECRET', words: 'missing' },
      { name: 'TWITCH_SCOPES', words: 'not set: the usual ones' },
    ],
  });
});

test('works in production', async () => {
  const { code, read, find } = await report(production);
  expect(find('Mode')?.sentence).toContain('no pages for developers');
  expect(read.services.map(({ summary }) => summary)).toEqual([
    'Ready',
    'Off (not set up)',
    'Off (not set up)',
    'Off (closed)',
  ]);
  expect(code).toBe(0);
});

const mixinWithSecret = {
  MIXIN_CLIENT_AUTH: 'secret',
  MIXIN_CLIENT_ID: '2b7d8a5e-2f4c-4d0e-9a49-7f6f1d3c0b11',
};

test.each([
  ['in production', production],
  ['in development', {}],
])('a secret that was asked for outright is missing, %s', async (_, env) => {
  const { code, read } = await report({ ...env, ...mixinWithSecret });
  expect(read.services[1]).toMatchObject({ summary: 'Missing: MIXIN_CLIENT_SECRET', status: 'needs-action' });
  expect(read.services[1]?.snippet).toBe('MIXIN_CLIENT_ID=\nMIXIN_CLIENT_SECRET=');
  expect(code).toBe(1);
});

test('a secret that only stands in for PKCE is not missing', async () => {
  const { MIXIN_CLIENT_ID } = mixinWithSecret;
  const { code, read } = await report({ ...production, MIXIN_CLIENT_ID });
  expect(read.services[1]).toMatchObject({ summary: 'Ready', status: 'ok' });
  expect(read.services[1]?.snippet).toContain('# Not needed: without a secret PKCE is used.');
  expect(code).toBe(0);
});

test.each([
  ['off', 'Off (TWITCH is off)'],
  ['sandbox', 'Ready in the sandbox'],
])('of a service that is set to %s no credentials are asked for', async (TWITCH, summary) => {
  for (const TWITCH_CLIENT_ID of ['a'.repeat(30), '"abc"']) {
    const { code, read } = await report({ TWITCH, TWITCH_CLIENT_ID });
    expect(read.services[0]?.summary).toBe(summary);
    expect(code).toBe(0);
  }
});

test('what is wrong at a service that is closed is said of the variable', async () => {
  const { code, output } = await doctor({ MIXER_CLIENT_ID: '"abc"' });
  expect(code).toBe(1);
  expect(output).toContain('Mixer: Looks wrong: MIXER_CLIENT_ID');
  expect(output).toContain('  MIXER_CLIENT_ID: set (5 characters), looks wrong: it has quotes around it');
});

test('what keeps the server from starting is a finding each', async () => {
  const { code, read, find } = await report({ NODE_ENV: 'production', SANDBOX: 'maybe' });
  expect(code).toBe(1);
  expect(find('BASE_URL')?.sentence).toBe('BASE_URL is needed in production.');
  expect(find('SESSION_SECRET')).toMatchObject({ status: 'needs-action' });
  expect(find('SANDBOX')).toMatchObject({ status: 'needs-action' });
  expect(read.verdict).toBe('3 things need you.');
});

test('what keeps the sandbox from starting is a finding each, where it runs', async () => {
  const wrong = {
    SANDBOX_FAULTS: 'twitch:tokn_500',
    SANDBOX_REGISTRATIONS: './none.json',
    SANDBOX_AUTO_APPROVE_SCOPES: 'opnid',
  };
  const { code, read, find } = await report(wrong);
  expect(code).toBe(1);
  expect(read.verdict).toBe('3 things need you.');
  expect(find('SANDBOX_FAULTS')?.sentence).toBe(
    'SANDBOX_FAULTS has no fault that is known in twitch:tokn_500.',
  );
  for (const name of Object.keys(wrong)) expect(find(name)?.status).toBe('needs-action');
  for (const elsewhere of [{ SANDBOX: 'off' }, { SANDBOX_URL: 'http://localhost:4001' }])
    expect((await report({ ...wrong, ...elsewhere })).find('SANDBOX_FAULTS')).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});

test('a word that it does not know is refused', async () => {
  const { code, errors } = await doctor({}, ['--jsn']);
  expect({ code, errors }).toEqual({
    code: 2,
    errors: "Unknown option '--jsn'.\nSee latchkey doctor --help\n",
  });
});

test('no secret and no client id is in the text or the JSON, nor where they are wrong', async () => {
  const env = {
    ...production,
    TWITCH_CLIENT_SECRET: '"canarysecret"',
    MIXIN_CLIENT_ID: 'canary-mixin',
    DATABASE_URL: 'postgres://canary:canary@127.0.0.1:1/canary',
    SESSION_STORE_URL: 'redis://canary:canary@127.0.0.1:1/0',
  };
  for (const words of [[], ['--json']]) {
    const { code, output, errors } = await doctor(env, words);
    expect(code).toBe(1);
    expect(output + errors).toMatch(/needs.action/i);
    expect(output + errors).not.toMatch(/canary|Zq3vN8/i);
  }
});

describe('the store', () => {
  test('SQLite: a database that is there is looked at and left alone', async () => {
    const database = await openDatabase(join(folder, 'latchkey.sqlite'));
    await database.destroy();
    const before = readdirSync(folder);
    const { code, find } = await report();
    expect(find('Store')).toMatchObject({
      status: 'ok',
      sentence: `Writable: ${folder}, with a database in it.`,
    });
    expect(readdirSync(folder)).toEqual(before);
    expect(code).toBe(0);
  });

  const newer = 'A newer version of Latchkey has changed the database at';

  test('SQLite: a database that a newer version has changed needs action, also while that runs', async () => {
    const file = join(folder, 'latchkey.sqlite');
    await migrateAsNewer(await openDatabase(file));
    const found = {
      status: 'needs-action',
      sentence: `${newer} ${file} (999-from-the-future).`,
      fix: 'Start that version, or restore the backup made before it.',
    };
    expect((await report()).find('Store')).toMatchObject(found);
    expect(readdirSync(folder)).toEqual(['latchkey.sqlite']);
    const running = new DatabaseSync(file);
    running.exec("update kysely_migration set name = '998-other' where name like '999-%'");
    const before = readdirSync(folder);
    const { code, find } = await report();
    expect(find('Store')?.sentence).toBe(`${newer} ${file} (998-other).`);
    expect(code).toBe(1);
    expect(readdirSync(folder)).toEqual(before);
    running.close();
  });

  test('SQLite: a folder in the place of the database needs action', async () => {
    mkdirSync(join(folder, 'latchkey.sqlite'));
    const { code, find } = await report();
    expect(code).toBe(1);
    expect(find('Store')).toMatchObject({
      status: 'needs-action',
      sentence: expect.stringContaining(`The database file ${folder}/latchkey.sqlite cannot be used`),
      fix: expect.stringMatching(/^It has to be a file, /),
    });
  });

  test.each([
    ['', 'ok'],
    ['this is something else', 'needs-action'],
  ])('SQLite: a file that holds %j is %s', async (text, status) => {
    writeFileSync(join(folder, 'latchkey.sqlite'), text);
    const found = (await report()).find('Store');
    expect(found?.status).toBe(status);
    expect(found?.fix).toBe(status === 'ok' ? null : 'Move it away, and put a backup in its place.');
  });

  test('SQLite: a folder that is a file cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    chmodSync(join(folder, 'file'), 0o400);
    const { code, find } = await report({ DATA_DIR: join(folder, 'file', 'data') });
    expect(code).toBe(1);
    expect(find('Store')).toMatchObject({ status: 'needs-action', fix: expect.stringContaining('DATA_DIR') });
  });

  test('PostgreSQL and Redis that do not answer are told by place and variable', async () => {
    const { code, find } = await report({
      DATABASE_URL: 'postgres://name:password@127.0.0.1:1/latchkey',
      SESSION_STORE_URL: 'redis://127.0.0.1:1',
    });
    expect(code).toBe(1);
    expect(find('Store')).toMatchObject({
      status: 'needs-action',
      sentence: expect.stringMatching(/^PostgreSQL at 127\.0\.0\.1:1 does not answer \(ECONNREFUSED\)\.$/),
      fix: expect.stringContaining('DATABASE_URL'),
    });
    expect(find('Store for sessions')).toMatchObject({
      status: 'needs-action',
      fix: expect.stringContaining('SESSION_STORE_URL'),
    });
  });

  test('a server that takes the connection and says nothing is given up', async () => {
    const { port, close } = await listen(createServer(() => {}));
    const { find } = await report({ DATABASE_URL: `postgres://name@127.0.0.1:${port}/latchkey` });
    expect(find('Store')?.status).toBe('needs-action');
    await close();
  });

  describeWith('PostgreSQL and Redis', 'with servers that answer', () => {
    test('both are asked, and so are their clocks; no table is made', async () => {
      const database = await createPostgresDatabase();
      try {
        const { code, find } = await report({
          DATABASE_URL: database.url,
          SESSION_STORE_URL: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379',
        });
        expect(find('Store')?.sentence).toMatch(/^PostgreSQL at .+ answers\.$/);
        expect(find('Store for sessions')?.sentence).toMatch(/^Redis at .+ answers\.$/);
        expect(find('Clock of the store')?.status).toBe('ok');
        expect(find('Clock of the store for sessions')?.status).toBe('ok');
        expect(find('Clock')).toBeUndefined();
        expect(code).toBe(0);
      } finally {
        await database.drop();
      }
    });

    test('a database that a newer version has changed needs action', async () => {
      const { url, drop } = await createPostgresDatabase();
      try {
        await migrateAsNewer(await openDatabase({ url }));
        const { code, find } = await report({ DATABASE_URL: url });
        expect(code).toBe(1);
        expect(find('Store')?.sentence).toMatch(/^A newer version .+ at .+:5432 \(999-from-the-future\)\.$/);
        expect(find('Clock of the store')?.status).toBe('ok');
        await expect(openDatabase({ url })).rejects.toThrow(/^A newer version .+ restore the backup/);
      } finally {
        await drop();
      }
    });
  });
});

describe('the network', () => {
  let provider: LocalProvider;
  let secret: 'right' | 'wrong';
  beforeEach(async () => {
    secret = 'right';
    provider = await startProvider(({ path }, response) => {
      if (path === '/authorize') return void response.end('<h1>Log in</h1>');
      if (secret === 'right')
        return answerJson(response, 400, { status: 400, message: 'Invalid authorization code' });
      return answerJson(response, 403, { status: 403, message: 'invalid client secret' });
    });
  });
  afterEach(() => provider.close());

  test('is left alone unless it is asked for', async () => {
    const { read } = await report({ ...production, ...provider.endpointsOf('TWITCH') });
    expect(provider.received).toEqual([]);
    expect(read.services[0]?.network).toEqual([]);
  });

  test('with --network every live service is checked, and the clock with it', async () => {
    const { code, read, find } = await report({ ...production, ...provider.endpointsOf('TWITCH') }, [
      '--network',
    ]);
    expect(read.services[0]?.network.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(read.services[1]?.network).toEqual([]);
    expect(find('Clock')?.status).toBe('ok');
    expect(code).toBe(0);
    expect(provider.received.find(({ path }) => path === '/authorize')?.query.get('redirect_uri')).toBe(
      'https://login.example.org/login/twitch/callback',
    );
  });

  test('a wrong secret makes the exit code 1 and names the variable', async () => {
    secret = 'wrong';
    const env = { ...production, ...provider.endpointsOf('TWITCH') };
    const { code, output } = await doctor(env, ['--network']);
    expect(code).toBe(1);
    expect(output).toContain(
      'Needs action  Client secret: Twitch refuses the client id or the client secret.',
    );
    expect(output).toContain('TWITCH_CLIENT_SECRET');
    expect(output).not.toContain('canary');
  });

  test('services of the sandbox are not asked: it may not be running', async () => {
    const port = String(await freePort());
    const { code, read } = await report({ SANDBOX_PORT: port }, ['--network']);
    expect(read.services.every(({ network }) => network.length === 0)).toBe(true);
    expect(code).toBe(0);
  });
});
