import { readConfig } from '../../src/config.ts';
import { createClient } from '../../src/oauth/client.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { type CheckResult, checkNow } from '../../src/setup/check-now.ts';
import { type Answer, answerJson, type LocalProvider, startProvider } from './support.ts';

let provider: LocalProvider | undefined;
afterEach(() => provider?.close());

const redirectUri = 'http://localhost:3000/login/callback';
const credentials: Record<string, Record<string, string>> = {
  twitch: { TWITCH_CLIENT_ID: 'i'.repeat(30), TWITCH_CLIENT_SECRET: 'canarysecret000000000000000000' },
  mixin: { MIXIN_CLIENT_ID: madeUpClients.mixin.clientId },
  resonite: { RESONITE_CLIENT_ID: madeUpClients.resonite.clientId, RESONITE_CLIENT_SECRET: 'canarysecret' },
};

const badCode: Answer = (_, response) =>
  answerJson(response, 400, { status: 400, message: 'Invalid authorization code' });
const signInPage: Answer = (_, response) => response.end('<h1>Log in</h1>');

interface Ask {
  readonly service?: string;
  readonly authorize?: Answer;
  readonly token?: Answer;
  readonly now?: () => number;
  readonly milliseconds?: number;
  readonly env?: Record<string, string>;
  /** What is otherwise with the provider. */
  readonly facts?: Partial<Provider>;
}

async function ask({
  service = 'twitch',
  authorize = signInPage,
  token = badCode,
  now = Date.now,
  milliseconds,
  env = {},
  facts = {},
}: Ask): Promise<CheckResult> {
  provider = await startProvider((request, response) =>
    (request.path === '/authorize' ? authorize : token)(request, response),
  );
  const prefix = service.toUpperCase();
  const variables = { [prefix]: 'live', ...credentials[service], ...provider.endpointsOf(prefix), ...env };
  const chosen = readConfig(variables, madeUpClients).services.find((one) => one.provider.id === service)!;
  if (chosen.state === 'off') throw new Error('is off');
  const asked = { ...chosen.provider, ...facts };
  const client = createClient({ ...chosen, provider: asked, mode: chosen.state, redirectUri });
  const result = await checkNow(client, now, milliseconds);
  await client.http.close();
  return result;
}

const found = ({ findings }: CheckResult, name: string) => findings.find((one) => one.name === name);
const idAndAddress = 'Client id and return address';

test('a provider that knows us is all right in every row', async () => {
  const result = await ask({});
  expect(result.findings.map(({ name, status }) => [name, status])).toEqual([
    ['Authorization endpoint', 'ok'],
    [idAndAddress, 'ok'],
    ['Token endpoint', 'ok'],
    ['Client secret', 'ok'],
    ['Clock', 'ok'],
  ]);
});

test('the authorization request is the one that a login sends, with the very redirect URI', async () => {
  await ask({});
  const { query } = provider!.received.find(({ path }) => path === '/authorize')!;
  expect(query.get('redirect_uri')).toBe(redirectUri);
  expect(query.get('client_id')).toBe('i'.repeat(30));
  expect(query.get('scope')).toBe('openid user:read:email');
  expect(query.get('response_type')).toBe('code');
  expect(query.get('state')).toMatch(/^[\w-]{43}$/);
  expect(query.has('client_secret')).toBe(false);
});

test('the token request carries a code that nobody ever got, a new one each time', async () => {
  const codes = [];
  for (let times = 0; times < 2; times++) {
    await ask({});
    const { method, body } = provider!.received.find(({ path }) => path === '/token')!;
    expect(method).toBe('POST');
    codes.push(new URLSearchParams(body).get('code'));
    await provider!.close();
  }
  expect(codes[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(codes[1]).not.toBe(codes[0]);
});

test('the client secret is sent as a login sends it', async () => {
  const basic = `Basic ${btoa(`${'i'.repeat(30)}:canarysecret000000000000000000`)}`;
  for (const [clientAuthentication, header, body] of [
    ['client_secret_post', undefined, 'canarysecret000000000000000000'],
    ['client_secret_basic', basic, null],
  ] as const) {
    await ask({ facts: { clientAuthentication } });
    const sent = provider!.received.find(({ path }) => path === '/token')!;
    expect(sent.headers['authorization']).toBe(header);
    expect(new URLSearchParams(sent.body).get('client_secret')).toBe(body);
    await provider!.close();
  }
});

test('nothing is followed, neither from the one endpoint nor from the other', async () => {
  const away: Answer = (_, response) => response.writeHead(307, { location: '/elsewhere' }).end();
  const result = await ask({ authorize: away, token: away });
  expect(provider!.received.map(({ path }) => path).toSorted()).toEqual(['/authorize', '/token']);
  expect(found(result, 'Authorization endpoint')?.status).toBe('ok');
  expect(found(result, 'Client secret')?.status).toBe('not-checked');
});

test('a redirect to a page where somebody signs in is as good as that page', async () => {
  const authorize: Answer = (_, response) =>
    response.writeHead(302, { location: 'https://www.twitch.tv/login?client_id=i' }).end();
  expect(found(await ask({ authorize }), idAndAddress)?.status).toBe('ok');
});

describe('a refusal names the setting to change', () => {
  const redirect =
    (query: string): Answer =>
    (_, response) =>
      response.writeHead(302, { location: `https://first.example.org/?${query}` }).end();
  const page =
    (text: string): Answer =>
    (_, response) =>
      response.writeHead(400, { 'content-type': 'text/html' }).end(text);

  test.each<[string, Answer, string, string]>([
    [
      'a return address, reported to the first registered one',
      redirect('error=redirect_mismatch&error_description=Parameter+redirect_uri+does+not+match'),
      redirectUri,
      'OAuth Redirect URLs',
    ],
    ['a return address, on a page', page('<p>The redirect uri is invalid.</p>'), redirectUri, 'BASE_URL'],
    ['a client id', page('{"status":400,"message":"invalid client"}'), 'client id', 'TWITCH_CLIENT_ID'],
    [
      'a scope, on a page',
      page('{"status":400,"message":"invalid scope requested: \'x\'"}'),
      'scopes',
      'TWITCH_SCOPES',
    ],
    ['a scope, by redirect', redirect('error=invalid_scope'), 'scopes', 'TWITCH_SCOPES'],
    ['something else', page('<p>No.</p>'), 'does not say why', 'TWITCH_CLIENT_ID'],
  ])('%s', async (_, authorize, sentence, fix) => {
    const finding = found(await ask({ authorize }), idAndAddress);
    expect(finding).toMatchObject({
      status: 'needs-action',
      sentence: expect.stringContaining(sentence),
      fix: expect.stringContaining(fix),
    });
  });

  test.each([
    ['temporarily_unavailable', 'is busy or failing'],
    ['access_denied', 'denies access before anybody is asked'],
  ])('but %s is about the provider, and none is named', async (error, words) => {
    expect(found(await ask({ authorize: redirect(`error=${error}`) }), idAndAddress)).toEqual({
      name: idAndAddress,
      status: 'not-checked',
      sentence: `Twitch ${words} (${error}), so nothing can be said about them.`,
      fix: 'Check again later.',
    });
  });

  test('what a script on the page says is no refusal', async () => {
    const authorize = page('<script>var redirect_uri = "client";</script><p>The scope is unknown.</p>');
    expect(found(await ask({ authorize }), idAndAddress)?.sentence).toContain('scopes');
  });
});

describe('the secret', () => {
  const refuse =
    (status: number, body: unknown): Answer =>
    (_, response) =>
      answerJson(response, status, body);

  test('that Twitch refuses needs action', async () => {
    const token = refuse(403, { status: 403, message: 'invalid client secret' });
    expect(found(await ask({ token }), 'Client secret')).toMatchObject({
      status: 'needs-action',
      fix: expect.stringContaining('TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET'),
    });
  });

  test.each([
    ['invalid_client', 'needs-action'],
    ['invalid_grant', 'ok'],
    ['server_busy', 'not-checked'],
  ])('at Resonite with the error %s is %s', async (error, status) => {
    const result = await ask({ service: 'resonite', token: refuse(400, { error }) });
    expect(found(result, 'Client secret')?.status).toBe(status);
  });

  test.each([[401], [20121]])('at Mixin with the number %s cannot be told', async (code) => {
    const token = refuse(202, { error: { status: 202, code, description: 'x' } });
    const env = { MIXIN_CLIENT_SECRET: 'canarysecret' };
    const finding = found(await ask({ service: 'mixin', token, env }), 'Client secret');
    expect(finding).toMatchObject({
      status: 'not-checked',
      sentence: expect.stringContaining('cannot be told apart'),
    });
  });

  test('is not there when Mixin proves itself by PKCE', async () => {
    const result = await ask({ service: 'mixin' });
    expect(found(result, 'Client secret')).toBeUndefined();
    expect(found(result, 'Client authentication')).toMatchObject({ status: 'not-checked' });
    const { body } = provider!.received.find(({ path }) => path === '/token')!;
    expect(Object.keys(JSON.parse(body)).toSorted()).toEqual(['client_id', 'code', 'code_verifier']);
  });

  test.each([
    ['a page', (_: unknown, response: Parameters<Answer>[1]) => response.end('<p>hello</p>')],
    ['tokens', refuse(200, { access_token: 'x', token_type: 'bearer' })],
  ])('is not judged by an answer that is %s', async (_, token) => {
    expect(found(await ask({ token: token as Answer }), 'Client secret')?.status).toBe('not-checked');
  });
});

test('Mixin shows its page for every client id, so that is not called right', async () => {
  expect(found(await ask({ service: 'mixin' }), idAndAddress)).toMatchObject({ status: 'not-checked' });
});

test('a provider that says nothing is given up after the time for both together', async () => {
  const silent: Answer = () => {};
  const startedAt = performance.now();
  const result = await ask({ authorize: silent, token: silent, milliseconds: 300 });
  expect(performance.now() - startedAt).toBeLessThan(4000);
  for (const name of ['Authorization endpoint', 'Token endpoint'])
    expect(found(result, name)).toMatchObject({ status: 'needs-action' });
  for (const name of [idAndAddress, 'Client secret', 'Clock'])
    expect(found(result, name)?.status).toBe('not-checked');
});

test('an answer that never ends is given up too', async () => {
  const endless: Answer = (_, response) => {
    response.write('x');
    const more = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(more));
  };
  const result = await ask({ authorize: endless, milliseconds: 300 });
  expect(found(result, 'Authorization endpoint')?.status).toBe('needs-action');
  expect(found(result, 'Client secret')?.status).toBe('ok');
});

test('a provider that is not there, or is broken, needs action and names the variable of its address', async () => {
  const env = { TWITCH_TOKEN_ENDPOINT: 'http://127.0.0.1:1/token' };
  const broken: Answer = (_, response) => response.writeHead(503).end();
  const result = await ask({ authorize: broken, env });
  expect(found(result, 'Authorization endpoint')).toMatchObject({
    status: 'needs-action',
    sentence: expect.stringContaining('HTTP 503'),
  });
  expect(found(result, 'Token endpoint')).toMatchObject({
    status: 'needs-action',
    sentence: expect.stringContaining('ECONNREFUSED'),
    fix: expect.stringContaining('TWITCH_TOKEN_ENDPOINT'),
  });
});

test('the Date of the answers is compared with our clock', async () => {
  const early = await ask({ now: () => Date.now() - 60_000 });
  expect(found(early, 'Clock')).toMatchObject({
    status: 'needs-action',
    sentence: expect.stringMatching(/(?:59|60|61) seconds behind/),
  });
  await provider!.close();
  const late = await ask({ now: () => Date.now() + 60_000 });
  expect(found(late, 'Clock')?.sentence).toMatch(/(?:59|60|61) seconds ahead/);
});

test('nothing that was sent or came back is in the result: no id, no secret, no code, no state', async () => {
  const echo: Answer = ({ body, query }, response) => {
    response.setHeader('x-echo', 'canary-header');
    answerJson(response, 400, { error: 'invalid_request', message: `canary ${body} ${query}` });
  };
  const result = await ask({ authorize: echo, token: echo });
  const receivedAt = (path: string) => provider!.received.find((one) => one.path === path)!;
  const { query } = receivedAt('/authorize');
  const { body } = receivedAt('/token');
  const text = JSON.stringify(result);
  const sent = [query.get('state'), query.get('client_id'), ...new URLSearchParams(body).values()];
  for (const value of sent.filter((one) => one && one !== redirectUri && one.length > 20))
    expect(text).not.toContain(value!);
  expect(text).not.toContain('canary');
});
