import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { freePort, type ServerProcess, startProcess, stopProcess } from '../support/process.ts';
import { describeWith } from '../support/stores.ts';
import { captureCallback, linkProvider, signIn, startSignIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey | null = null;
let visitor: Visitor;

async function start(options: LatchkeyOptions = {}): Promise<RunningLatchkey> {
  latchkey = await startLatchkey(options);
  visitor = new Visitor();
  return latchkey;
}
afterEach(async () => {
  await latchkey?.close();
  latchkey = null;
});

/** The lines of samples, without comments. */
const samples = async () =>
  (await latchkey!.metricsText()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** The value of one sample, named as it stands before its value; null when it is not there. */
async function sampleOf(sample: string): Promise<number | null> {
  const line = (await samples()).find((text) => text.startsWith(`${sample} `));
  return line === undefined ? null : Number(line.slice(sample.length + 1));
}

describe('metrics', () => {
  test('count logins by provider and by how they ended', async () => {
    const { baseUrl } = await start();
    await signIn(visitor, baseUrl, 'Resonite', { deny: true });
    await signIn(visitor, baseUrl, 'Resonite');
    await linkProvider(visitor, baseUrl, 'Mixer');
    await startSignIn(new Visitor(), baseUrl, 'Twitch');
    expect(await sampleOf('latchkey_login_starts_total{provider="resonite"}')).toBe(2);
    expect(await sampleOf('latchkey_login_starts_total{provider="twitch"}')).toBe(1);
    expect(await sampleOf('latchkey_logins_total{provider="resonite",code="ok"}')).toBe(1);
    expect(await sampleOf('latchkey_logins_total{provider="resonite",code="authorization_denied"}')).toBe(1);
    expect(await sampleOf('latchkey_logins_total{provider="mixer",code="ok"}')).toBe(1);
    expect(await sampleOf('latchkey_events_total{event="link"}')).toBe(1);
  });

  test('count as logins only what came back from a provider, and the rest as refusals', async () => {
    const { baseUrl, advance } = await start();
    await signIn(visitor, baseUrl, 'Twitch');
    const unlink = new URLSearchParams({ mode: 'sandbox' });
    await visitor.submit('post', new URL(`${baseUrl}/profile/twitch/unlink`), unlink);
    expect(visitor.page.heading).toBe('Twitch is your only way in');
    advance(31 * 60 * 1000);
    await visitor.open(`${baseUrl}/account/delete`);
    expect(visitor.page.heading).toBe('Confirm that it is you');
    await supertest(baseUrl).post('/login/foo').set('Sec-Fetch-Site', 'same-origin');
    await supertest(baseUrl).get('/login/foo/callback?code=x&state=y');
    const stranger = new Visitor();
    await startSignIn(stranger, baseUrl, 'Mixer');
    await stranger.open(`${baseUrl}/login/mixer/callback?code=x&state=${'A'.repeat(43)}`);
    expect((await samples()).filter((line) => line.startsWith('latchkey_logins_total'))).toEqual([
      'latchkey_logins_total{provider="twitch",code="ok"} 1',
      'latchkey_logins_total{provider="mixer",code="state_unknown"} 1',
    ]);
    const refused = (code: string) => sampleOf(`latchkey_request_refusals_total{code="${code}"}`);
    expect(await refused('last_identity')).toBe(1);
    expect(await refused('reauthentication_needed')).toBe(1);
    expect(await refused('provider_not_configured')).toBe(2);
  });

  test('count a return address that Twitch reports to the root of the site, where this browser was on its way', async () => {
    const { baseUrl, sandbox } = await start();
    sandbox.state.faults.set('twitch', 'authorize_redirect_mismatch');
    const url = await captureCallback(visitor, () => startSignIn(visitor, baseUrl, 'Twitch'), baseUrl);
    await new Visitor().open(`${baseUrl}/${url.search}`);
    await visitor.open(`${baseUrl}/${url.search}`);
    expect(await sampleOf('latchkey_logins_total{provider="twitch",code="redirect_mismatch"}')).toBe(1);
    expect(await sampleOf('latchkey_logins_total{provider="none",code="redirect_mismatch"}')).toBeNull();
  });

  test('time requests to providers, by what they are for and how they ended', async () => {
    const { baseUrl, sandbox } = await start();
    await signIn(visitor, baseUrl, 'Resonite');
    sandbox.state.faults.set('twitch', 'token_500');
    await signIn(new Visitor(), baseUrl, 'Twitch');
    const of = (provider: string, kind: string, outcome: string) =>
      sampleOf(
        `latchkey_provider_request_duration_seconds_count{provider="${provider}",kind="${kind}",outcome="${outcome}"}`,
      );
    expect(await of('resonite', 'token', 'answered')).toBe(1);
    expect(await of('resonite', 'userinfo', 'answered')).toBe(1);
    expect(await of('twitch', 'token', 'server-error')).toBe(1);
    expect(await of('twitch', 'token', 'answered')).toBeNull();
  });

  test('say where the circuit of each provider stands', async () => {
    const { baseUrl, sandbox } = await start();
    const at = (provider: string, position: string) =>
      sampleOf(`latchkey_provider_breaker{provider="${provider}",position="${position}"}`);
    expect(await at('twitch', 'closed')).toBe(1);
    sandbox.state.faults.set('twitch', 'token_500');
    for (let number = 0; number < 5; number++) await signIn(new Visitor(), baseUrl, 'Twitch');
    expect([await at('twitch', 'closed'), await at('twitch', 'open')]).toEqual([0, 1]);
    expect([await at('resonite', 'closed'), await at('resonite', 'open')]).toEqual([1, 0]);
    expect(await sampleOf('latchkey_provider_breaker_moves_total{provider="twitch",position="open"}')).toBe(
      1,
    );
    expect(await sampleOf('latchkey_provider_requests_in_flight{provider="twitch"}')).toBe(0);
    expect(await sampleOf('latchkey_provider_requests_waiting{provider="twitch"}')).toBe(0);
  });

  test('count renewals and validations of tokens', async () => {
    const { baseUrl } = await start();
    await signIn(visitor, baseUrl, 'Twitch');
    await linkProvider(visitor, baseUrl, 'Resonite');
    latchkey!.advance(61 * 60 * 1000);
    await visitor.open(`${baseUrl}/profile`);
    expect(await sampleOf('latchkey_validations_total{provider="twitch",outcome="good"}')).toBe(1);
    expect(await sampleOf('latchkey_refreshes_total{provider="resonite",outcome="good"}')).toBe(1);
  });

  test('count what was refused and what failed', async () => {
    const { baseUrl, database } = await start({ env: { RATE_LIMIT_START_PER_BROWSER: '1' } });
    // There before anything has failed: an alert sees the first one as an increase.
    for (const code of ['internal', 'store_unavailable'])
      expect(await sampleOf(`latchkey_failures_total{code="${code}"}`)).toBe(0);
    expect(await sampleOf('latchkey_refreshes_total{provider="twitch",outcome="foreign"}')).toBe(0);
    // The first one gives the browser its cookie.
    for (let number = 0; number < 3; number++) await startSignIn(visitor, baseUrl, 'Mixer');
    await supertest(baseUrl).post('/logout');
    await supertest(baseUrl).get('/no/such/page');
    await database.schema.dropTable('expiring_records').execute();
    await supertest(baseUrl).post('/login/twitch').set('Sec-Fetch-Site', 'same-origin');
    expect(await sampleOf('latchkey_rate_limited_total{area="start",by="browser"}')).toBe(1);
    expect(await sampleOf('latchkey_request_refusals_total{code="cross_origin"}')).toBe(1);
    expect(await sampleOf('latchkey_request_refusals_total{code="not_found"}')).toBe(1);
    expect(await sampleOf('latchkey_failures_total{code="store_unavailable"}')).toBe(1);
  });

  test('have no label that a request or a person could choose: what is asked for makes no new series', async () => {
    const { baseUrl } = await start();
    const ask = async (name: string) => {
      await supertest(baseUrl).get(`/no/such/${name}`).set('Host', `${name}.example`);
      await supertest(baseUrl).get(`/login/${name}/callback?code=${name}&state=${name}`);
      await supertest(baseUrl).get(`/sessions/${name}`);
      await supertest(baseUrl).get(`/inspector/${name}`);
      await supertest(baseUrl).propfind(`/${name}`).set('Sec-Fetch-Site', 'same-origin');
      await supertest(baseUrl).post(`/login/${name}`).set('Sec-Fetch-Site', 'same-origin');
    };
    for (const name of ['twitch', 'first']) await ask(name);
    const before = (await samples()).length;
    for (let number = 0; number < 20; number++) await ask(`canary${number}`);
    await supertest(baseUrl).search('/x').set('Sec-Fetch-Site', 'same-origin');
    const after = await samples();
    expect(after.length).toBe(before);
    expect(after.join('\n')).not.toMatch(/canary|first/);
  });
});

describeWith('PostgreSQL', 'metrics of the pool', () => {
  test('say how many connections are used, and who waits', async () => {
    const { database } = await start({ stores: 'PostgreSQL' });
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const holding = database.connection().execute(async (connection) => {
      await connection.selectFrom('accounts').select('id').execute();
      begin();
      await done;
    });
    await begun;
    expect(await sampleOf('latchkey_database_connections{state="used"}')).toBe(1);
    finish();
    await holding;
    expect(await sampleOf('latchkey_database_connections{state="used"}')).toBe(0);
    expect(await sampleOf('latchkey_database_waiting')).toBe(0);
  });
});

describe('the port of the metrics', () => {
  let folder: string;
  let server: ServerProcess;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-metrics-'));
  });
  afterEach(async () => {
    await stopProcess(server.child, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function startServer(env: Record<string, string>): Promise<string> {
    const PORT = String(await freePort());
    server = await startProcess(folder, { PORT, SANDBOX_PORT: String(await freePort()), ...env });
    return `http://localhost:${PORT}`;
  }

  test('is another one than that of the site, on this machine alone, and tells of the process too', async () => {
    const METRICS_PORT = String(await freePort());
    const baseUrl = await startServer({ METRICS_PORT, LOG_LEVEL: 'silent' });
    expect(server.output()).toContain(`http://127.0.0.1:${METRICS_PORT}/metrics`);
    await supertest(baseUrl).get('/help');
    const response = await supertest(`http://127.0.0.1:${METRICS_PORT}`).get('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(response.headers['set-cookie']).toBeUndefined();
    // Counted although nothing is logged.
    expect(response.text).toMatch(/latchkey_events_total\{event="request"\} [1-9]/);
    expect(response.text).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(response.text).toContain('process_resident_memory_bytes');
    expect((await supertest(`http://127.0.0.1:${METRICS_PORT}`).get('/')).status).toBe(404);
    expect((await supertest(baseUrl).get('/metrics')).status).toBe(404);
    expect(await stopProcess(server.child, 'SIGTERM')).toBe(0);
  });

  test('is not there unless it is asked for', async () => {
    await startServer({});
    expect(server.output()).not.toContain('/metrics');
    expect(await stopProcess(server.child, 'SIGTERM')).toBe(0);
  });

  test('that is taken gets a sentence with the way out', async () => {
    const port = await freePort();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
    const taken = { METRICS_PORT: String(port), PORT: String(await freePort()), SANDBOX: 'off' };
    server = await startProcess(folder, taken);
    holder.close();
    expect(server.exitCode()).toBe(1);
    expect(server.output().trim()).toBe(`Port ${port} is in use. Try another one: METRICS_PORT=${port + 1}`);
  });
});
