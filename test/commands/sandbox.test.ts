import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandbox } from '../../src/commands/sandbox.ts';
import { freePort, type ServerProcess, startProcess, stopProcess } from '../support/process.ts';
import { until } from '../support/until.ts';

/** `npm run sandbox` as a process of its own. */

let folder: string;
let running: ServerProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
});
afterEach(async () => {
  if (running) await stopProcess(running.child, 'SIGKILL');
  running = undefined;
  rmSync(folder, { recursive: true });
});

async function start(env: Record<string, string> = {}): Promise<{ output: string; url: string }> {
  const SANDBOX_PORT = env['SANDBOX_PORT'] ?? String(await freePort());
  running = await startProcess(folder, { SANDBOX_PORT, ...env }, 'src/commands/sandbox.ts');
  return { output: running.output(), url: `http://localhost:${SANDBOX_PORT}` };
}

interface Client {
  id: string;
  secret: string;
  redirectUri: string;
}

/** Logs in as an application in any language would: with what was printed, and nothing else. */
async function login(
  address: (what: string) => string,
  { id, secret, redirectUri }: Client,
): Promise<object> {
  const client = { client_id: id, redirect_uri: redirectUri };
  const request = new URLSearchParams({ ...client, response_type: 'code', scope: 'profile', state: 'xyz' });
  const authorization = await fetch(`${address('authorization')}?${request}`, { redirect: 'manual' });
  const callback = new URL(authorization.headers.get('location') ?? '');
  expect(callback.href.startsWith(`${redirectUri}?`)).toBe(true);
  const code = callback.searchParams.get('code') ?? '';
  const grant = { ...client, grant_type: 'authorization_code', code, client_secret: secret };
  const tokens = await fetch(address('token'), { method: 'POST', body: new URLSearchParams(grant) });
  const { access_token } = (await tokens.json()) as { access_token: string };
  const headers = { Authorization: `Bearer ${access_token}` };
  return (await (await fetch(address('profile'), { headers })).json()) as object;
}

/** What was printed about one service. */
function printedAbout(output: string, name: string): (what: string) => string {
  const section = output.split('\n\n').find((part) => part.startsWith(`${name}\n`)) ?? '';
  return (what) => new RegExp(`^  ${what} +(\\S+)$`, 'm').exec(section)?.[1] ?? '';
}

test('its help names every variable of the table in docs/sandbox.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/sandbox.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \|/gm)];
  const named = rows.flatMap(([, names]) => names!.replaceAll('`', '').split(', '));
  expect(named.toSorted()).toEqual(Object.keys(sandbox.variables).toSorted());
});

test('prints endpoints and credentials, and a login with nothing but these works', async () => {
  const { output } = await start({ SANDBOX_AUTO_APPROVE: 'true' });
  const printed = printedAbout(output, 'Resonite');
  const client = {
    id: printed('client id'),
    secret: printed('client secret'),
    redirectUri: printed('redirect URI'),
  };
  expect(await login(printed, client)).toMatchObject({ id: 'U-1NaAdaSandbox', username: 'Ada' });
  for (const name of ['Twitch', 'Mixer', 'Mixin']) {
    expect(printedAbout(output, name)('token')).toMatch(/^http:\/\/localhost:\d+\/\w+\.[\w.]+\/.*token$/);
  }
});

test('says that nothing survives, and keeps its word', async () => {
  const { output, url } = await start({ SANDBOX_AUTO_APPROVE: 'true' });
  expect(output).toContain('Nothing in it survives a restart.');
  const printed = printedAbout(output, 'Resonite');
  const client = {
    id: printed('client id'),
    secret: printed('client secret'),
    redirectUri: printed('redirect URI'),
  };
  await login(printed, client);
  expect(await stopProcess(running!.child, 'SIGTERM')).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
  await expect(fetch(url)).rejects.toThrow();
});

test('knows the applications of a file, and prints no secret that it did not make up', async () => {
  const redirectUri = 'http://localhost:8080/signed-in';
  const entry = { service: 'resonite', clientId: 'my-id', clientSecret: 'my-own-secret', name: 'Mine' };
  writeFileSync(join(folder, 'apps.json'), JSON.stringify([{ ...entry, redirectUris: [redirectUri] }]));
  const { output } = await start({ SANDBOX_REGISTRATIONS: './apps.json', SANDBOX_AUTO_APPROVE: 'Dora' });
  expect(output).toContain('my-id');
  expect(output).not.toContain('my-own-secret');
  expect(output).not.toContain('Mixer');
  const client = { id: 'my-id', secret: 'my-own-secret', redirectUri };
  expect(await login(printedAbout(output, 'Resonite'), client)).toMatchObject({ username: 'Dora' });
});

test('takes return addresses, faults and a seed from the environment', async () => {
  const env = {
    SANDBOX_REDIRECT_URIS: 'http://localhost:8080/{service}/back',
    SANDBOX_FAULTS: 'resonite:token_503',
    SANDBOX_SEED: 'the tests',
  };
  const { output, url } = await start(env);
  expect(printedAbout(output, 'Mixin')('redirect URI')).toBe('http://localhost:8080/mixin/back');
  const token = await fetch(`${url}/account.resonite.com/connect/token`, { method: 'POST' });
  expect([token.status, token.headers.get('retry-after')]).toEqual([503, '30']);
  const keys = async (at: string) => (await fetch(`${at}/id.twitch.tv/oauth2/keys`)).text();
  const first = await keys(url);
  await stopProcess(running!.child, 'SIGTERM');
  expect(await keys((await start(env)).url)).toBe(first);
});

test.each([
  [
    { SANDBOX_FAULTS: 'twitch:nonsense', SANDBOX_STEPS: 'perhaps' },
    ['SANDBOX_STEPS: must be one of false, true.'],
  ],
  [{ SANDBOX_FAULTS: 'twitch:nonsense' }, ['SANDBOX_FAULTS: has no fault that is known in twitch:nonsense.']],
  [{ SANDBOX_AUTO_APPROVE: 'no' }, ['SANDBOX_AUTO_APPROVE: must be true, false, or whom to approve as.']],
  [
    { SANDBOX_AUTO_APPROVE_SCOPES: 'openid, nonsense' },
    ['SANDBOX_AUTO_APPROVE_SCOPES: has nonsense, a scope that no service here has.'],
  ],
  [
    { SANDBOX_AUTO_APPROVE_SCOPES: 'nonsense', SANDBOX_FAULTS: 'twitch:nonsense' },
    ['SANDBOX_AUTO_APPROVE_SCOPES: has nonsense', 'SANDBOX_FAULTS: has no fault'],
  ],
  [
    { SANDBOX_REGISTRATIONS: './none.json', SANDBOX_REDIRECT_URIS: 'http://localhost:8080/{service}' },
    ['SANDBOX_REDIRECT_URIS: is for the made-up client, in whose place SANDBOX_REGISTRATIONS is.'],
  ],
  [{ SANDBOX_REGISTRATIONS: './none.json' }, ['SANDBOX_REGISTRATIONS: names a file that cannot be read.']],
  [
    { SANDBOX_PORT: 'x', SANDBOX_REDIRECT_URIS: 'nowhere' },
    ['SANDBOX_PORT: must be a whole number', 'SANDBOX_REDIRECT_URIS: must list addresses.'],
  ],
])('ends with words when it cannot be started with %j', async (env, words) => {
  const { output } = await start(env);
  expect(running!.exitCode()).toBe(1);
  for (const sentence of words) expect(output).toContain(sentence);
  expect(output).not.toContain('    at ');
});

test('prints the secrets that it made up, also for an application of a file', async () => {
  const entry = { service: 'mixer', redirectUris: ['http://localhost:8080/signed-in'] };
  writeFileSync(join(folder, 'apps.json'), JSON.stringify([entry]));
  const { output } = await start({ SANDBOX_REGISTRATIONS: './apps.json' });
  expect(printedAbout(output, 'Mixer')('client secret')).toMatch(/^[0-9a-f]{64}$/);
});

test('refuses two applications of a file with one id, and one that the application itself has', async () => {
  const entry = { service: 'twitch', redirectUris: ['http://localhost:8080/signed-in'] };
  writeFileSync(join(folder, 'apps.json'), JSON.stringify([entry, entry]));
  const { output } = await start({ SANDBOX_REGISTRATIONS: './apps.json' });
  expect(output).toContain('SANDBOX_REGISTRATIONS: has sandboxtwitchclientid000000000 twice at twitch');
  writeFileSync(join(folder, 'apps.json'), JSON.stringify([entry]));
  const ports = { PORT: String(await freePort()), SANDBOX_PORT: String(await freePort()) };
  const app = await startProcess(folder, { ...ports, SANDBOX_REGISTRATIONS: './apps.json' });
  expect([app.exitCode(), app.output()]).toEqual([1, expect.stringContaining('twice at twitch')]);
});

test.each(['keys_hang', 'keys_drip', 'keys_slow'])(
  'stops at once while %s keeps somebody waiting',
  async (fault) => {
    const { url } = await start();
    const controller = new AbortController();
    const waiting = fetch(`${url}/id.twitch.tv/oauth2/keys`, {
      headers: { 'X-Sandbox-Fault': fault },
      signal: controller.signal,
    })
      .then((response) => response.text())
      .catch(() => 'ended');
    const log = async () => (await (await fetch(`${url}/api/requests`)).json()) as { requests: object[] };
    await until(async () => (await log()).requests.length > 0);
    expect(await stopProcess(running!.child, 'SIGTERM')).toBe(0);
    expect(await waiting).toBe('ended');
  },
);

test('names the way out when its port is in use', async () => {
  const port = await freePort();
  await start({ SANDBOX_PORT: String(port) });
  const first = running!;
  const { output } = await start({ SANDBOX_PORT: String(port) });
  expect(output).toContain(`Port ${port} is in use. Try another one: SANDBOX_PORT=${port + 1}`);
  await stopProcess(first.child, 'SIGKILL');
});

test('warns when others can reach it', async () => {
  expect((await start()).output).not.toContain('can sign in as anybody');
  await stopProcess(running!.child, 'SIGTERM');
  expect((await start({ HOST: '0.0.0.0' })).output).toContain('can sign in as anybody');
});

test('serves an application of ours that runs elsewhere', async () => {
  const { url } = await start({ SANDBOX_AUTO_APPROVE: 'true' });
  const alone = running!;
  const PORT = String(await freePort());
  const app = await startProcess(folder, { PORT, SANDBOX_URL: url });
  expect(app.output()).toContain(`Sandbox    ${url}`);
  await stopProcess(app.child, 'SIGKILL');
  running = alone;
});
