import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import {
  discoverProvider,
  type Latchkey,
  type LatchkeyOptions,
  latchkey,
  type Provider,
  type StandardService,
} from '../src/latchkey.ts';
import { conformTwitchTokenResponse } from '../src/providers/twitch.ts';
import { madeUpClients } from '../src/sandbox/registrations.ts';
import { describeContract } from './providers/contract.ts';
import { codeBlocks } from './support/code-blocks.ts';
import { type GoBetween, startGoBetween } from './support/go-between.ts';
import { testSecret, withoutRateLimits } from './support/latchkey.ts';
import { freePort } from './support/process.ts';
import { startSandboxBeside } from './support/sandbox-beside.ts';
import { answerAtProvider, captureCallback, linkProvider, signIn, Visitor } from './support/visitor.ts';

/* Follows docs/add-a-provider.md: the files are the blocks on that page, as they stand there. */

const root = join(import.meta.dirname, '..');
const folder = join(root, 'test-output/add-a-provider');
const blocks = codeBlocks(readFileSync(join(root, 'docs/add-a-provider.md'), 'utf8'), 'ts');
mkdirSync(folder, { recursive: true });
for (const { file, text } of blocks) writeFileSync(join(folder, file), text);

const { github } = (await import(join(folder, 'github.ts'))) as { github: Provider };

const { githubInSandbox } = (await import(join(folder, 'github-sandbox.ts'))) as {
  githubInSandbox: StandardService;
};

const githubUser = {
  login: 'octocat',
  id: 583231,
  avatar_url: 'https://avatars.githubusercontent.com/u/583231?v=4',
  name: 'The Octocat',
};

describeContract('the page’s own provider', 'github', github, {
  userinfo: githubUser,
  idName: 'id',
  subject: '583231',
});

test('the facts have at most sixty lines', () => {
  const { text } = blocks.find(({ file }) => file === 'github.ts')!;
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
});

describe('the application of the page', () => {
  let dataDir: string;
  let baseUrl: string;
  let login: Latchkey;
  let server: Server;
  const visitor = new Visitor();

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'latchkey-provider-'));
    const [port, sandboxPort] = [await freePort(), await freePort()];
    Object.assign(process.env, { PORT: port, SANDBOX_PORT: sandboxPort, DATA_DIR: dataDir });
    ({ login, server } = (await import(join(folder, 'server.ts'))) as { login: Latchkey; server: Server });
    baseUrl = `http://localhost:${port}/login-area`;
    if (!server.listening) await once(server, 'listening');
  });
  afterAll(async () => {
    await login.close(server);
    for (const name of ['PORT', 'SANDBOX_PORT', 'DATA_DIR']) delete process.env[name];
    rmSync(dataDir, { recursive: true });
  });

  test('signs somebody in with it, through the sandbox, and links another', async () => {
    await signIn(visitor, baseUrl, 'GitHub');
    expect(visitor.page.heading).toBe('Your accounts');
    expect(visitor.page.text).toContain('read your profile');
    await linkProvider(visitor, baseUrl, 'Resonite');
    expect(visitor.page.text).toContain('Resonite account Ada');
    await visitor.open(new URL('/me', baseUrl).href);
    expect(JSON.parse(visitor.page.html)).toMatchObject({
      name: 'Ada',
      signedInWith: { provider: 'github', mode: 'sandbox', subject: '10000001', handle: 'ninja_dev' },
      identities: [{ provider: 'github' }, { provider: 'resonite' }],
    });
  });

  test('shows its picture from the sandbox, and every page for developers knows it', async () => {
    await visitor.open(`${baseUrl}/profile`);
    const picture = visitor.page.$('img[src*="avatars.githubusercontent.com"]').attr('src')!;
    const { status, headers } = await fetch(picture);
    expect([status, headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    for (const path of ['/setup', '/learn', '/inspector', '/help', '/sessions']) {
      const page = await visitor.open(baseUrl + path);
      expect([path, page.status]).toEqual([path, 200]);
    }
    expect((await visitor.open(`${baseUrl}/setup`)).text).toContain('GITHUB_CLIENT_ID');
  });

  test('is told of a refusal, and of a code that comes twice, as with any other', async () => {
    const other = new Visitor();
    await other.open(`${baseUrl}/`);
    await other.press('Continue with GitHub');
    await answerAtProvider(other, baseUrl, { deny: true });
    expect(other.page.heading).toContain('GitHub');
    expect(other.page.url.pathname).toBe('/login-area/login/github/callback');
    const callback = await captureCallback(other, () => signInAgain(other), baseUrl);
    callback.searchParams.set('code', 'made-up');
    const page = await other.open(callback.href);
    expect([page.status, page.heading]).toEqual([400, 'The code from GitHub was too old']);
  });

  describe('its double in the sandbox is strict', () => {
    const { clientId, clientSecret } = githubInSandbox.client;
    const verifier = 'a-verifier-of-more-than-forty-three-characters';
    const at = (address: string) => `http://localhost:${process.env['SANDBOX_PORT']}/${address}`;
    const ask = (changes: Record<string, string> = {}) => {
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: `${baseUrl}/login/github/callback`,
        state: 'the-state',
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...changes,
      });
      return fetch(`${at(githubInSandbox.authorization)}?${query}`, { redirect: 'manual' });
    };
    const post = (url: string, form: Record<string, string>) =>
      fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
    async function getCode(): Promise<string> {
      const page = new URL((await ask()).headers.get('location')!, at(''));
      await post(page.href, { person: 'ada' });
      const agreed = await post(new URL('consent', page).href, { answer: 'yes' });
      const callback = new URL(agreed.headers.get('location')!);
      expect(callback.searchParams.get('state')).toBe('the-state');
      return callback.searchParams.get('code')!;
    }
    const redeem = async (code: string, changes: Record<string, string> = {}) =>
      (
        await post(at(githubInSandbox.token), {
          grant_type: 'authorization_code',
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uri: `${baseUrl}/login/github/callback`,
          code_verifier: verifier,
          code,
          ...changes,
        })
      ).json();

    test.each([
      [{ client_id: 'another' }, 'This client is not known.'],
      [{ redirect_uri: 'http://localhost:1/elsewhere' }, 'This redirect URI is not registered.'],
    ])('at its first page: %p', async (changes, words) => {
      const refused = await ask(changes);
      expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining(words)]);
    });

    test('about the response type and the hash of PKCE, which it sends back', async () => {
      for (const changes of [{ response_type: 'token' }, { code_challenge_method: 'plain' }]) {
        const location = new URL((await ask(changes)).headers.get('location')!);
        expect(location.href).toContain(`${baseUrl}/login/github/callback?error=`);
      }
    });

    test.each([
      [{ client_secret: 'wrong' }, 'incorrect_client_credentials'],
      [{ code_verifier: 'wrong' }, 'bad_verification_code'],
      [{ redirect_uri: 'http://localhost:1/elsewhere' }, 'bad_verification_code'],
      [{ code: 'made-up' }, 'bad_verification_code'],
    ])('at its token endpoint: %p', async (changes, error) => {
      expect(await redeem(await getCode(), changes)).toEqual({ error });
    });

    test('about a code that comes twice, and a token that is none', async () => {
      const code = await getCode();
      expect(await redeem(code)).toMatchObject({ access_token: expect.any(String), scope: '' });
      expect(await redeem(code)).toEqual({ error: 'bad_verification_code' });
      const headers = { Authorization: 'Bearer made-up' };
      expect((await fetch(at(githubInSandbox.userinfo), { headers })).status).toBe(401);
    });
  });

  const signInAgain = async (other: Visitor) => {
    await other.open(`${baseUrl}/`);
    await other.press('Continue with GitHub');
  };
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const areaAt = (port: number) => `http://localhost:${port}/login-area`;

/** Starts an application with providers of its own, and opens its front page. */
async function visit(
  port: number,
  settings: Readonly<Record<string, string | number>>,
  given: Omit<LatchkeyOptions, 'settings'>,
): Promise<Visitor> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-own-'));
  closing.push(() => rmSync(dataDir, { recursive: true }));
  const own = { BASE_URL: areaAt(port), DATA_DIR: dataDir, ...settings };
  const login = await latchkey<string>({ ...given, settings: { ...withoutRateLimits, ...own } });
  const server = createServer(express().use(login.middleware));
  closing.push(() => login.close(server));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const visitor = new Visitor();
  await visitor.open(`${areaAt(port)}/`);
  return visitor;
}

describe('an endpoint of the page’s own provider', () => {
  let crafted: GoBetween;
  let sandboxUrl: string;
  let sandboxPort: number;
  beforeEach(async () => {
    sandboxPort = await freePort();
    sandboxUrl = `http://localhost:${sandboxPort}`;
    crafted = await startGoBetween();
    closing.push(() => crafted.close());
  });

  /** Comes back from GitHub in the sandbox. */
  async function come(provider: Provider, settings: Record<string, string>): Promise<Visitor> {
    const port = await freePort();
    const given = { providers: [provider], inSandbox: [githubInSandbox] };
    const visitor = await visit(port, { SANDBOX_PORT: sandboxPort, ...settings }, given);
    await signIn(visitor, areaAt(port), 'GitHub');
    return visitor;
  }
  const throwing = () => {
    throw new TypeError('canary');
  };
  const page = (status: number) => `<h1>${status}</h1>`;

  test.each([
    [502, [503, 'GitHub is not answering']],
    [429, [503, 'GitHub asks us to wait']],
    [200, [502, 'GitHub answered in a way we do not understand']],
  ])('that answers with %i and a page of HTML is told apart', async (status, said) => {
    const headers = { 'content-type': 'text/html', 'retry-after': '120' };
    crafted.instead = (_request, response) => response.writeHead(status, headers).end(page(status));
    const visitor = await come(github, { GITHUB_TOKEN_ENDPOINT: crafted.url });
    expect([visitor.page.status, visitor.page.heading]).toEqual(said);
    if (status === 429) expect(Number(visitor.page.headers['retry-after'])).toBeGreaterThan(110);
    await visitor.press('See what happened, step by step');
    expect(visitor.page.text).toContain(`HTTP/1.1 ${status} `);
  });

  test.each([
    ['TOKEN', { tokenResponse: throwing }, 'GitHub answered in a way we do not understand'],
    ['USERINFO', { ...github.conform, userinfoResponse: throwing }, 'GitHub sent a profile we cannot read'],
  ] as const)(
    '(%s) whose answer makes conform throw is one that cannot be read, and is recorded',
    async (endpoint, conform, heading) => {
      const answer = { access_token: 'a', token_type: 'bearer' };
      crafted.instead = (_request, response) => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
      };
      const own = { ...github, conform };
      const visitor = await come(own, { [`GITHUB_${endpoint}_ENDPOINT`]: crafted.url });
      expect([visitor.page.status, visitor.page.heading]).toEqual([502, heading]);
      await visitor.press('See what happened, step by step');
      expect(visitor.page.text).toContain('HTTP/1.1 200 OK');
      expect(visitor.page.text).toContain('conform threw TypeError');
      expect(visitor.page.text).not.toContain('canary');
    },
  );

  test.each([
    'http://LOCALHOST:PORT/access_token',
    'http://localhost:PORT/else/../access_token',
    'HTTP://127.1:PORT/access_token',
  ])('is read in its own format also where it is written %s', async (written) => {
    crafted.target = `${sandboxUrl}/github.com/login/oauth`;
    const { port } = new URL(crafted.url);
    const token = written.replace('PORT', port);
    const own = { ...github, endpoints: { ...github.endpoints, token } };
    const visitor = await come(own, { GITHUB_SCOPES: 'read:user user:email' });
    expect(visitor.page.heading).toBe('Your accounts');
    expect(visitor.page.text).toContain('read your profile');
    expect(visitor.page.text).not.toContain('did not give us');
    expect(crafted.seen.map(({ path }) => path)).toEqual(['/access_token']);
  });

  test('gets the client secret in the Authorization header where the facts say so', async () => {
    crafted.target = `${sandboxUrl}/github.com/login/oauth`;
    const own: Provider = { ...github, clientAuthentication: 'client_secret_basic' };
    const visitor = await come(own, { GITHUB_TOKEN_ENDPOINT: `${crafted.url}/access_token` });
    expect(visitor.page.heading).toBe('Your accounts');
    const [{ headers, body }] = crafted.seen as [GoBetween['seen'][number]];
    const { clientId, clientSecret } = githubInSandbox.client;
    expect(headers['authorization']).toBe(`Basic ${btoa(`${clientId}:${clientSecret}`)}`);
    expect(body).not.toContain('client_');
  });
});

describe('an issuer of OpenID Connect', () => {
  test('is offered by what it publishes, and its ID token signs somebody in', async () => {
    const port = await freePort();
    const baseUrl = areaAt(port);
    // The pretended Twitch speaks OpenID Connect, on this machine; here it is somebody's own issuer.
    const redirectUri = () => `${baseUrl}/login/twitchy/callback`;
    const beside = await startSandboxBeside(baseUrl, { autoApprove: false, redirectUri });
    closing.push(() => beside.close());
    const issuer = `${beside.url}/id.twitch.tv/oauth2`;
    const acme = await discoverProvider({ id: 'twitchy', name: 'Acme', issuer });
    expect(acme).toMatchObject({
      issuer,
      idToken: 'with-nonce',
      endpoints: { userinfo: `${issuer}/userinfo` },
    });
    const { clientId, clientSecret } = madeUpClients['twitch'];
    const settings = {
      SESSION_SECRET: testSecret,
      SANDBOX: 'off',
      TWITCHY_CLIENT_ID: clientId,
      TWITCHY_CLIENT_SECRET: clientSecret,
      TWITCHY_SCOPES: 'openid',
    };
    // Its scope is a list, which no standard has: what an issuer does differently is put over the facts.
    const provider = { ...acme, conform: { tokenResponse: conformTwitchTokenResponse } };
    const visitor = await visit(port, settings, { providers: [provider] });
    await visitor.press('Continue with Acme');
    await answerAtProvider(visitor, baseUrl);
    expect(visitor.page.heading).toBe('Your accounts');
    expect(visitor.page.text).toContain('You are signed in with Acme as 10000001.');
  });

  /** Resonite of the sandbox as somebody's own issuer, which describes itself otherwise than usual. */
  async function startIssuer(
    baseUrl: string,
    described: object,
  ): Promise<{ issuer: string; sent: string[] }> {
    const sent: string[] = [];
    const beside = await startSandboxBeside(baseUrl, {
      autoApprove: true,
      redirectUri: () => `${baseUrl}/login/acme/callback`,
      inFront(request, response, answer) {
        const json = (body: object) =>
          response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
        if (request.url?.endsWith('/openid-configuration'))
          return json({
            issuer,
            authorization_endpoint: `${issuer}connect/authorize`,
            token_endpoint: `${issuer}connect/token`,
            userinfo_endpoint: `${issuer}connect/userinfo`,
            jwks_uri: `${issuer}.well-known/jwks`,
            code_challenge_methods_supported: ['S256'],
            ...described,
          });
        if (request.url?.endsWith('/connect/userinfo'))
          return json({ sub: 'U-1NaAdaSandbox', name: null, preferred_username: null, picture: null });
        if (request.url?.endsWith('/connect/token'))
          sent.push(request.headers.authorization?.split(' ')[0] ?? 'in the body');
        answer(request, response);
      },
    });
    closing.push(() => beside.close());
    const issuer = `${beside.url}/account.resonite.com/`;
    return { issuer, sent };
  }

  test.each([
    ['that does not say how', {}, 'Basic'],
    [
      'that takes it in the header alone',
      { token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic'] },
      'Basic',
    ],
    [
      'that takes it in the body too',
      { token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'] },
      'in the body',
    ],
  ])(
    '%s gets the client secret as it wants, and its profile may say null',
    async (_title, described, where) => {
      const port = await freePort();
      const { issuer, sent } = await startIssuer(areaAt(port), described);
      const acme = await discoverProvider({ id: 'acme', name: 'Acme', issuer });
      const { clientId, clientSecret } = madeUpClients['resonite'];
      const settings = {
        SESSION_SECRET: testSecret,
        SANDBOX: 'off',
        ACME_CLIENT_ID: clientId,
        ACME_CLIENT_SECRET: clientSecret,
      };
      const provider: Provider = { ...acme, idToken: 'without-nonce' };
      const visitor = await visit(port, settings, { providers: [provider] });
      await visitor.press('Continue with Acme');
      expect(visitor.page.text).toContain('You are signed in with Acme as U-1NaAdaSandbox.');
      expect(sent).toEqual([where]);
    },
  );

  test('that takes no client secret is refused with what it takes', async () => {
    const described = { token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'] };
    const { issuer } = await startIssuer('http://localhost:1', described);
    await expect(discoverProvider({ id: 'acme', name: 'Acme', issuer })).rejects.toThrow(
      new Error(
        `${issuer}: its token endpoint takes no client secret, which is what Latchkey has to show: it lists private_key_jwt, none. Let it offer client_secret_post or client_secret_basic.`,
      ),
    );
  });

  test.each([
    ['/nowhere', /answers 404\.$/],
    ['/id.twitch.tv/oauth2/', /is about another issuer than/],
  ])('that is none (%s) is said so', async (path, words) => {
    const beside = await startSandboxBeside('http://localhost:1', { autoApprove: true });
    closing.push(() => beside.close());
    const wrong = discoverProvider({ id: 'acme', name: 'Acme', issuer: beside.url + path });
    await expect(wrong).rejects.toThrow(words);
  });

  test('that is not https is not asked', async () => {
    const issuer = 'http://login.acme.example';
    await expect(discoverProvider({ id: 'acme', name: 'Acme', issuer })).rejects.toThrow(
      'discoverProvider(): must be https, or http to this machine: issuer (http://login.acme.example).',
    );
  });

  test('that publishes endpoints which are not https is refused with their names', async () => {
    const port = await freePort();
    const issuer = `http://localhost:${port}`;
    const published = JSON.stringify({
      issuer,
      authorization_endpoint: 'https://login.acme.example/authorize',
      token_endpoint: 'http://login.acme.example/token',
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: 'http://login.acme.example/keys',
      revocation_endpoint: 'ftp://login.acme.example/revoke',
    });
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(published);
    });
    closing.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await expect(discoverProvider({ id: 'acme', name: 'Acme', issuer })).rejects.toThrow(
      new Error(
        `${issuer}: must be https, or http to this machine: token (http://login.acme.example/token), jwks (http://login.acme.example/keys), revocation (ftp://login.acme.example/revoke). If the issuer is behind a proxy, set its public address there to https.`,
      ),
    );
  });

  test('that does not answer is said so', async () => {
    const gone = `http://localhost:${await freePort()}`;
    await expect(discoverProvider({ id: 'acme', name: 'Acme', issuer: gone })).rejects.toThrow(
      /does not answer/,
    );
  });
});
