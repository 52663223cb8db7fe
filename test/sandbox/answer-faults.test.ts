import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { answerFaultNames } from '../../src/sandbox/answer-faults.ts';
import {
  type FaultName,
  faultTable,
  faultyEndpointNames,
  type FaultyEndpoint,
} from '../../src/sandbox/faults.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { type Service, services } from '../../src/sandbox/services.ts';
import { until } from '../support/until.ts';
import { authorizationPath, codeGrant, testSandbox, type TestSandbox } from './support.ts';

/** Every endpoint whose answers can break, with a good request; and every way of breaking, over a real wire. */

let sandbox: TestSandbox;
let server: Server;
let origin: string;

beforeAll(async () => {
  sandbox = await testSandbox({ autoApprove: true, delays: { slow: 50, drip: 1 } });
  server = createServer(sandbox.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => sandbox.state.reset());

afterAll(async () => {
  await sandbox.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

interface Call {
  readonly path: string;
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const form = (members: Record<string, string>): Pick<Call, 'method' | 'headers' | 'body'> => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(members).toString(),
});

async function codeOf(api: 'twitch' | 'mixer' | 'mixin' | 'resonite', scope: string): Promise<string> {
  const response = await fetch(origin + authorizationPath(api, { scope }), { redirect: 'manual' });
  return new URL(response.headers.get('location')!).searchParams.get('code')!;
}

const tokenPaths = {
  twitch: '/id.twitch.tv/oauth2/token',
  mixer: '/mixer.com/api/v1/oauth/token',
  resonite: '/account.resonite.com/connect/token',
} as const;

const scopes = {
  twitch: 'openid',
  mixer: 'user:details:self',
  mixin: 'PROFILE:READ',
  resonite: 'openid profile offline_access',
} as const;

async function tokenCall(service: Service): Promise<Call> {
  const code = await codeOf(service, scopes[service]);
  if (service !== 'mixin') return { path: tokenPaths[service], ...form(codeGrant(service, code)) };
  const body = JSON.stringify(codeGrant('mixin', code));
  const headers = { 'Content-Type': 'application/json' };
  return { path: '/api.mixin.one/oauth/token', method: 'POST', headers, body };
}

async function tokensOf(service: Service): Promise<Record<string, string>> {
  const { path, ...init } = await tokenCall(service);
  const answer = (await (await fetch(origin + path, init)).json()) as { data?: Record<string, string> };
  return answer.data ?? (answer as unknown as Record<string, string>);
}

const profilePaths = {
  twitch: '/api.twitch.tv/helix/users',
  mixer: '/mixer.com/api/v1/users/current',
  mixin: '/api.mixin.one/me',
  resonite: '/account.resonite.com/api/user/profile',
} as const;

async function profileCall(service: Service): Promise<Call> {
  const { access_token } = await tokensOf(service);
  const headers = { Authorization: `Bearer ${access_token}`, 'Client-Id': madeUpClients.twitch.clientId };
  return { path: profilePaths[service], headers };
}

async function refreshCall(service: Service): Promise<Call> {
  const { refresh_token } = await tokensOf(service);
  const { clientId, clientSecret } = madeUpClients[service];
  const client = { client_id: clientId, client_secret: clientSecret };
  const members = { grant_type: 'refresh_token', refresh_token: refresh_token!, ...client };
  return { path: tokenPaths[service as 'twitch'], ...form(members) };
}

/** A request that is answered well, for each endpoint at each service that has it. */
const calls: Readonly<Record<FaultyEndpoint, Partial<Record<Service, () => Promise<Call>>>>> = {
  authorize: Object.fromEntries(
    services.map((service) => [
      service,
      async () => ({ path: authorizationPath(service, { scope: scopes[service] }) }),
    ]),
  ),
  token: {
    twitch: () => tokenCall('twitch'),
    mixer: () => tokenCall('mixer'),
    mixin: () => tokenCall('mixin'),
    resonite: () => tokenCall('resonite'),
  },
  refresh: {
    twitch: () => refreshCall('twitch'),
    mixer: () => refreshCall('mixer'),
    resonite: () => refreshCall('resonite'),
  },
  userinfo: {
    twitch: () => profileCall('twitch'),
    mixer: () => profileCall('mixer'),
    mixin: () => profileCall('mixin'),
    resonite: () => profileCall('resonite'),
  },
  validate: {
    twitch: async () => ({ ...(await profileCall('twitch')), path: '/id.twitch.tv/oauth2/validate' }),
  },
  revoke: {
    twitch: async () => {
      const { access_token } = await tokensOf('twitch');
      const members = { client_id: madeUpClients.twitch.clientId, token: access_token! };
      return { path: '/api.twitch.tv/kraken/oauth2/revoke', ...form(members) };
    },
    mixin: async () => {
      const { headers } = await profileCall('mixin');
      const body = JSON.stringify({ client_id: madeUpClients.mixin.clientId });
      const json = { ...headers, 'Content-Type': 'application/json' };
      return { path: '/api.mixin.one/oauth/cancel', method: 'POST', headers: json, body };
    },
  },
  introspect: {
    mixer: async () => {
      const { access_token } = await tokensOf('mixer');
      return { path: '/mixer.com/api/v1/oauth/token/introspect', ...form({ token: access_token! }) };
    },
  },
  discovery: {
    twitch: async () => ({ path: '/id.twitch.tv/oauth2/.well-known/openid-configuration' }),
    resonite: async () => ({ path: '/account.resonite.com/.well-known/openid-configuration' }),
  },
  keys: {
    twitch: async () => ({ path: '/id.twitch.tv/oauth2/keys' }),
    resonite: async () => ({ path: '/account.resonite.com/.well-known/jwks' }),
  },
};

/** The authorization page is not JSON, and comes below. */
const places = faultyEndpointNames.flatMap((endpoint) =>
  (endpoint === 'authorize' ? [] : faultTable[`${endpoint}_500`].services).map(
    (service) => [endpoint, service] as [FaultyEndpoint, Service],
  ),
);

async function send({ path, ...init }: Call): Promise<Response> {
  return fetch(origin + path, { ...init, redirect: 'manual' });
}

async function brokenAnswer(endpoint: FaultyEndpoint, service: Service, kind: string): Promise<Response> {
  const call = await calls[endpoint][service]!();
  sandbox.state.faults.set(service, `${endpoint}_${kind}` as FaultName);
  return send(call);
}

/** The type of each member, by its path. */
function typesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`${path} ${Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value}`];
  }
  return Object.entries(value).flatMap(([name, member]) => typesOf(member, `${path}.${name}`));
}

describe.each(places)('the answer of %s at %s', (endpoint, service) => {
  test('is good when nothing is switched on', async () => {
    const response = await send(await calls[endpoint][service]!());
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(expect.any(Object));
    expect(sandbox.state.requests.at(-1)?.verdict).toBe('ok');
  });

  test.each([
    ['500', 500],
    ['503', 503],
    ['429', 429],
    ['html', 200],
    ['empty', 200],
    ['not_json', 200],
    ['error_in_200', 200],
  ])('is replaced by %s, and the log says which fault that was', async (kind, status) => {
    const response = await brokenAnswer(endpoint, service, kind);
    expect(response.status).toBe(status);
    expect(sandbox.state.requests.at(-1)).toMatchObject({
      verdict: `fault ${endpoint}_${kind}`,
      faults: [`${endpoint}_${kind}`],
      failedCheck: null,
    });
  });

  test('breaks off in the middle of its JSON', async () => {
    const text = await (await brokenAnswer(endpoint, service, 'truncated')).text();
    expect(text.startsWith('{')).toBe(true);
    expect(() => JSON.parse(text)).toThrow();
  });

  test('has the right members, each of a wrong type', async () => {
    const call = await calls[endpoint][service]!();
    sandbox.state.faults.set(service, `${endpoint}_wrong_types` as FaultName);
    const wrong = typesOf(await (await send(call)).json());
    sandbox.state.faults.clear();
    const right = typesOf(await (await send(await calls[endpoint][service]!())).json());
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong.filter((entry) => right.includes(entry))).toEqual([]);
    expect(wrong.map((entry) => entry.split(' ')[0])).toEqual(right.map((entry) => entry.split(' ')[0]));
  });

  test('is a megabyte longer', async () => {
    const text = await (await brokenAnswer(endpoint, service, 'huge')).text();
    expect(text.length).toBeGreaterThan(1024 * 1024);
    expect(JSON.parse(text)).toEqual(expect.any(Object));
  });
});

describe.each(services)('the authorization page of %s', (service) => {
  test.each([
    ['429', 429],
    ['500', 500],
    ['503', 503],
    ['html', 200],
  ])('is replaced by %s', async (kind, status) => {
    const response = await brokenAnswer('authorize', service, kind);
    expect([response.status, response.headers.get('location')]).toEqual([status, null]);
    expect(sandbox.state.requests.at(-1)?.verdict).toBe(`fault authorize_${kind}`);
  });

  test('begins late, and leads on as ever', async () => {
    const startedAt = performance.now();
    const response = await brokenAnswer('authorize', service, 'slow');
    expect(performance.now() - startedAt).toBeGreaterThan(45);
    expect(new URL(response.headers.get('location')!).searchParams.get('code')).toMatch(/^\w{16,}$/);
  });

  test('does not break in ways that are for JSON', () => {
    expect(() => sandbox.state.faults.set(service, 'authorize_wrong_types')).toThrow('There is no fault');
  });
});

describe('an answer without a body', () => {
  /** Twitch confirms a revocation with 200 and nothing else. */
  async function revocation(kind: string): Promise<Response> {
    const { access_token } = await tokensOf('twitch');
    const members = { client_id: madeUpClients.twitch.clientId, token: access_token! };
    sandbox.state.faults.set('id.twitch.tv', `revoke_${kind}` as FaultName);
    return send({ path: '/id.twitch.tv/oauth2/revoke', ...form(members) });
  }

  test('is late, too', async () => {
    const startedAt = performance.now();
    expect((await revocation('slow')).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(45);
  });

  test('is longer, too', async () => {
    expect((await (await revocation('huge')).text()).length).toBeGreaterThan(1024 * 1024);
  });

  test('is whole and of no type when nothing is switched on', async () => {
    const { access_token } = await tokensOf('twitch');
    const members = { client_id: madeUpClients.twitch.clientId, token: access_token! };
    const response = await send({ path: '/id.twitch.tv/oauth2/revoke', ...form(members) });
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      null,
      '',
    ]);
  });

  test('that refuses by a redirect is late, too', async () => {
    sandbox.state.faults.set('twitch', 'authorize_slow');
    const startedAt = performance.now();
    const path = authorizationPath('twitch', { redirect_uri: 'http://localhost:9/elsewhere' });
    const response = await send({ path });
    expect(response.headers.get('location')).toContain('error=redirect_mismatch');
    expect(performance.now() - startedAt).toBeGreaterThan(45);
  });
});

test('a page that is late is still a page', async () => {
  sandbox.state.settings.autoApprove = false;
  sandbox.state.faults.set('twitch', 'authorize_slow');
  const response = await send({ path: authorizationPath('twitch') });
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await response.text()).toContain('Sign in to Sandbox Twitch');
});

test('two faults can meet one answer: it is large, and late', async () => {
  sandbox.state.faults.set('twitch', 'keys_huge');
  sandbox.state.faults.set('twitch', 'keys_slow');
  const startedAt = performance.now();
  const text = await (await send({ path: '/id.twitch.tv/oauth2/keys' })).text();
  expect(text.length).toBeGreaterThan(1024 * 1024);
  expect(performance.now() - startedAt).toBeGreaterThan(45);
});

describe('what ends before it is whole', () => {
  test('is in the log with its fault, when the connection was cut', async () => {
    await (await brokenAnswer('keys', 'twitch', 'cut')).text().catch(() => '');
    await until(() => sandbox.state.requests.at(-1)?.status !== null);
    expect(sandbox.state.requests.at(-1)).toMatchObject({
      verdict: 'the connection ended before the answer was whole',
      faults: ['keys_cut'],
    });
  });

  test('is in the log, too, when the client gave up', async () => {
    sandbox.state.faults.set('twitch', 'keys_hang');
    const gaveUp = new AbortController();
    const answer = fetch(`${origin}/id.twitch.tv/oauth2/keys`, { signal: gaveUp.signal }).catch(
      () => 'gave up',
    );
    await until(() => sandbox.state.hanging.size > 0);
    gaveUp.abort();
    expect(await answer).toBe('gave up');
    await until(() => sandbox.state.requests.at(-1)?.status !== null);
    expect(sandbox.state.requests.at(-1)?.faults).toEqual(['keys_hang']);
  });
});

describe('an answer of the token endpoint', () => {
  const twitch = (kind: string) => brokenAnswer('token', 'twitch', kind);

  test.each(['503', '429'])('%s says when to try again', async (kind) => {
    expect((await twitch(kind)).headers.get('retry-after')).toBe('30');
  });

  test('is no JSON, though it looks like it', async () => {
    const text = await (await twitch('not_json')).text();
    expect(() => JSON.parse(text)).toThrow();
  });

  test('leads elsewhere with 307, so that a client that follows gives its secret away', async () => {
    const response = await twitch('redirect');
    expect(response.status).toBe(307);
    expect(response.headers.get('location')).toBe('http://localhost:4000/elsewhere/token');
  });

  test('leads elsewhere with 302 when it was a GET', async () => {
    const response = await brokenAnswer('userinfo', 'twitch', 'redirect');
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('http://localhost:4000/elsewhere/userinfo');
  });

  /** Node's own client, which unpacks nothing by itself. */
  async function rawAnswer(kind: string): Promise<{ headers: IncomingMessage['headers']; body: Buffer }> {
    const { path, headers } = await profileCall('twitch');
    sandbox.state.faults.set('twitch', `userinfo_${kind}` as FaultName);
    const [message] = (await once(get(origin + path, { headers }), 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    return { headers: message.headers, body: Buffer.concat(chunks) };
  }

  test('is compressed, and is what it was once it is unpacked', async () => {
    const { headers, body } = await rawAnswer('compressed');
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['content-type']).toContain('json');
    expect(JSON.parse(gunzipSync(body).toString()).data[0].id).toBe('10000001');
  });

  test('is small on the wire and large once it is unpacked', async () => {
    const { body } = await rawAnswer('bomb');
    expect(body.length).toBeLessThan(64 * 1024);
    expect(gunzipSync(body).length).toBeGreaterThan(8 * 1024 * 1024);
  });

  test('begins late', async () => {
    const startedAt = performance.now();
    expect(await (await twitch('slow')).json()).toMatchObject({ token_type: 'bearer' });
    expect(performance.now() - startedAt).toBeGreaterThan(45);
  });

  test('drips byte by byte and is whole in the end', async () => {
    const response = await twitch('drip');
    let chunks = 0;
    let text = '';
    for await (const chunk of response.body!) {
      chunks += 1;
      text += new TextDecoder().decode(chunk as Uint8Array);
    }
    expect(chunks).toBeGreaterThan(5);
    expect(JSON.parse(text).token_type).toBe('bearer');
  });

  test('ends with the connection before it is whole', async () => {
    const response = await twitch('cut');
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  test('never comes', async () => {
    const call = await tokenCall('twitch');
    sandbox.state.faults.set('twitch', 'token_hang');
    const gaveUp = new AbortController();
    const answer = fetch(origin + call.path, { ...call, signal: gaveUp.signal } as RequestInit).catch(
      () => 'ended',
    );
    await until(() => sandbox.state.hanging.size > 0);
    gaveUp.abort();
    expect(await answer).toBe('ended');
  });

  test('can be broken in each way that there is: all of them are tried above', () => {
    const tried = [
      '500',
      '503',
      '429',
      'html',
      'empty',
      'not_json',
      'error_in_200',
      'truncated',
      'wrong_types',
    ];
    const more = ['huge', 'redirect', 'compressed', 'bomb', 'slow', 'drip', 'cut', 'hang'];
    expect([...tried, ...more].sort()).toEqual([...answerFaultNames].sort());
  });
});
