import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import express, { type ErrorRequestHandler, type Express } from 'express';
import session from 'express-session';
import { type Hooks, type Latchkey, type LatchkeyOptions, latchkey, type Provider } from '../src/latchkey.ts';
import { readOptions } from '../src/latchkey-options.ts';
import { twitch } from '../src/providers/twitch.ts';
import { databaseFile } from '../src/storage/stores.ts';
import { freePort } from './support/process.ts';
import { testSecret, withoutRateLimits } from './support/latchkey.ts';
import { linkProvider, signIn, Visitor } from './support/visitor.ts';

/** Latchkey inside somebody else's Express application, through its public entry point. */

let folder: string;
let server: Server | undefined;
let login: Latchkey | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-embed-'));
});
afterEach(async () => {
  await login?.close(server);
  server?.closeAllConnections();
  server = login = undefined;
  rmSync(folder, { recursive: true });
});

interface Host {
  readonly origin: string;
  readonly loginUrl: string;
  readonly visitor: Visitor;
}

/** Starts an application that mounts Latchkey where `build` says. */
async function host(
  build: (app: Express, mounted: Latchkey) => void,
  on: Hooks = {},
  settings: Partial<LatchkeyOptions['settings']> = {},
): Promise<Host> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const SANDBOX_PORT = await freePort();
  const quiet = { ...withoutRateLimits, LOG_LEVEL: 'silent' };
  const usual = { ...quiet, DATA_DIR: folder, SESSION_SECRET: testSecret, SANDBOX_PORT };
  login = await latchkey({ settings: { ...usual, BASE_URL: `${origin}/login-area`, ...settings }, on });
  const app = express();
  build(app, login);
  server = createServer(app);
  await new Promise<void>((resolve) => server!.listen(port, '127.0.0.1', resolve));
  return { origin, loginUrl: `${origin}/login-area`, visitor: new Visitor() };
}

const plain = (app: Express, { middleware, requireAccount }: Latchkey) => {
  app.use(middleware);
  app.get('/who', (request, response) => void response.json({ account: request.account ?? null }));
  app.get('/mine', requireAccount, (request, response) => void response.send(`<h1>${request.account!.name}`));
  app.post('/mine', requireAccount, (_request, response) => void response.send('posted'));
};

async function who({ origin, visitor }: Host) {
  const { html } = await visitor.open(`${origin}/who`);
  return (JSON.parse(html) as { account: Record<string, unknown> | null }).account;
}

describe('an application around Latchkey', () => {
  test('knows who is signed in, with everything that is linked, and nobody before and after', async () => {
    const site = await host(plain);
    expect(await who(site)).toBeNull();
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    await linkProvider(site.visitor, site.loginUrl, 'Mixer');
    const account = await who(site);
    expect(account).toMatchObject({
      id: expect.stringMatching(/^[\w-]{22}$/),
      name: 'Ada',
      signedInWith: { provider: 'resonite', mode: 'sandbox', subject: 'U-1NaAdaSandbox' },
      identities: [{ provider: 'resonite' }, { provider: 'mixer', name: 'AdaPlays' }],
    });
    expect(Date.parse(String(account!['signedInAt']))).toBeLessThanOrEqual(Date.now());
    await site.visitor.open(`${site.loginUrl}/profile`);
    await site.visitor.press('Sign out');
    expect(await who(site)).toBeNull();
  });

  test('sends people to the sign-in page, and they come back to where they wanted to be', async () => {
    const site = await host(plain);
    await site.visitor.open(`${site.origin}/mine?tab=2`);
    expect(site.visitor.page.url.pathname).toBe('/login-area/');
    await site.visitor.press('Continue with Resonite');
    await site.visitor.press('Sign in', { person: 'ada' });
    await site.visitor.press('Allow');
    expect(site.visitor.page.url.href).toBe(`${site.origin}/mine?tab=2`);
    expect(site.visitor.page.heading).toBe('Ada');
  });

  test('does not redirect a form that nobody is signed in for: its own error handler hears of a 401', async () => {
    const site = await host((app, mounted) => {
      plain(app, mounted);
      const answer: ErrorRequestHandler = (error, _request, response, _next) =>
        void response.status(error.status ?? 500).send('the application’s own words');
      app.use(answer);
    });
    const refused = await fetch(`${site.origin}/mine`, { method: 'POST' });
    expect([refused.status, await refused.text()]).toEqual([401, 'the application’s own words']);
  });

  test('never sees a forged cookie, or two of them, as a person', async () => {
    const site = await host(plain);
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    const good = site.visitor.cookies.get('localhost')!.get('latchkey')!;
    const ask = async (cookie: string) =>
      ((await (await fetch(`${site.origin}/who`, { headers: { cookie } })).json()) as { account: unknown })
        .account;
    expect(await ask(`latchkey=${good}`)).not.toBeNull();
    const changed = good.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect(await ask(`latchkey=${changed}`)).toBeNull();
    expect(await ask(`latchkey=${good.replace(/\..*$/, '')}`)).toBeNull();
    expect(await ask(`latchkey=${good}; latchkey=${good}`)).toBeNull();
  });

  test('still knows somebody in the middle of an unlink, when the identity that signed in is gone', async () => {
    const site = await host(plain);
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    await linkProvider(site.visitor, site.loginUrl, 'Mixer');
    const { id } = (await who(site))!;
    // As an unlink has it before it leads the session to the identity that stays: its lease, and a row less.
    const database = new DatabaseSync(databaseFile(folder));
    const end = Date.now() + 60_000;
    database
      .prepare(
        'insert into expiring_records (kind, key, owner, value, expires_at, purge_at) values (?, ?, ?, ?, ?, ?)',
      )
      .run('lease', `account.${id}`, 'an unlink', '', end, end);
    database.exec("delete from identities where provider = 'resonite'");
    expect(await who(site)).toMatchObject({
      id,
      name: 'AdaPlays',
      signedInWith: { provider: 'mixer' },
      identities: [{ provider: 'mixer' }],
    });
    // Without a change under way it is a session that no identity carries any more.
    database.exec("delete from expiring_records where kind = 'lease'");
    database.close();
    expect(await who(site)).toBeNull();
  });

  test('gets a 503, not a stranger, when the store fails', async () => {
    const site = await host((app, mounted) => {
      plain(app, mounted);
      const answer: ErrorRequestHandler = (error, _request, response, _next) =>
        void response.sendStatus(error.status ?? 500);
      app.use(answer);
    });
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    const database = new DatabaseSync(databaseFile(folder));
    database.exec('drop table expiring_records');
    database.close();
    expect((await site.visitor.open(`${site.origin}/who`)).status).toBe(503);
    // Who has no cookie of ours is nobody, store or not.
    expect((await fetch(`${site.origin}/who`)).status).toBe(200);
  });
});

describe('what is around Latchkey stays as it is', () => {
  test('sessions, forms, headers, views, locals and errors of both work side by side', async () => {
    const seen: string[] = [];
    const site = await host((app, { middleware }) => {
      app.set('trust proxy', true);
      app.set('view engine', 'none');
      app.locals['shell'] = 'of the application';
      app.use((request, response, next) => {
        response.setHeader('X-Own', 'kept');
        response.locals['page'] = 'of the application';
        seen.push(request.path);
        next();
      });
      app.use(middleware);
      app.use(session({ secret: 'of the application', resave: false, saveUninitialized: true, name: 'own' }));
      app.use(express.json(), express.urlencoded({ extended: true }));
      app.post('/form', (request, response) => {
        Object.assign(request.session, { colour: request.body.colour.name });
        response.json({ ip: request.ip, trusted: app.get('trust proxy'), engine: app.get('view engine') });
      });
      app.get('/session', (request, response) => void response.json(request.session));
      app.get('/broken', () => {
        throw new Error('of the application');
      });
      const answer: ErrorRequestHandler = (error, _request, response, _next) =>
        void response.status(500).send(`handled: ${error.message}`);
      app.use(answer);
    });
    const form = await fetch(`${site.origin}/form`, {
      method: 'POST',
      body: new URLSearchParams({ 'colour[name]': 'teal' }),
      headers: { 'X-Forwarded-For': '203.0.113.9' },
    });
    expect(await form.json()).toEqual({ ip: '203.0.113.9', trusted: true, engine: 'none' });
    const [cookie = ''] = form.headers.getSetCookie();
    expect(form.headers.getSetCookie()).toEqual([expect.stringMatching(/^own=/)]);
    expect(form.headers.get('content-security-policy')).toBeNull();
    site.visitor.cookies.set('localhost', new Map([['own', cookie.split(';')[0]!.slice('own='.length)]]));

    await signIn(site.visitor, site.loginUrl, 'Resonite');
    expect(site.visitor.page.heading).toBe('Your accounts');
    expect(site.visitor.page.headers['x-own']).toBe('kept');
    const { html } = await site.visitor.open(`${site.origin}/session`);
    expect(JSON.parse(html)).toMatchObject({ colour: 'teal' });
    expect(html).not.toMatch(/accountId|signedInAt/);
    const missing = await fetch(`${site.loginUrl}/nowhere`);
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('Latchkey')]);
    expect(await (await fetch(`${site.origin}/broken`)).text()).toBe('handled: of the application');
    expect(seen).toContain('/login-area/login/resonite/callback');
  });

  test('a body parser before it disturbs neither', async () => {
    const site = await host((app, mounted) => {
      app.use(express.json(), express.urlencoded({ extended: true }));
      plain(app, mounted);
    });
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    expect(await who(site)).toMatchObject({ name: 'Ada' });
  });

  test.each([
    [
      'after a session middleware',
      (app: Express, { middleware }: Latchkey) => {
        app.use(session({ secret: 'own', resave: false, saveUninitialized: false }), middleware);
      },
      'Use login.middleware before your session middleware',
    ],
    [
      'below a path of its own',
      (app: Express, { middleware }: Latchkey) => void app.use('/login-area', middleware),
      'Use login.middleware without a path',
    ],
  ])('%s it says what to change, and does nothing', async (_where, build, words) => {
    const site = await host((app, mounted) => {
      build(app, mounted);
      const answer: ErrorRequestHandler = (error, _request, response, _next) =>
        void response.status(500).send(error.message);
      app.use(answer);
    });
    const refused = await fetch(`${site.loginUrl}/`);
    expect([refused.status, await refused.text()]).toEqual([500, expect.stringContaining(words)]);
  });
});

describe('hooks', () => {
  type Event = readonly [name: string, facts: Record<string, unknown>];
  function listening(): { heard: Event[]; on: Hooks } {
    const heard: Event[] = [];
    const on: Hooks = {
      signedIn: ({ account }) => void heard.push(['signedIn', { name: account.name, id: account.id }]),
      linked: ({ identity, ...facts }) => void heard.push(['linked', { who: identity.name, ...facts }]),
      unlinked: ({ identity, ...facts }) => void heard.push(['unlinked', { who: identity.name, ...facts }]),
    };
    return { heard, on };
  }
  const linked = (who: string, accountId: string, fromAccountId: string | null = null) =>
    ['linked', { who, accountId, fromAccountId }] as const;
  const unlinked = (who: string, accountId: string, rest: object = {}) =>
    ['unlinked', { who, accountId, toAccountId: null, accountEnded: false, ...rest }] as const;

  test('hear of the first sign-in, a link, an unlink, a switch and the end of the account', async () => {
    const { heard, on } = listening();
    const site = await host(plain, on);
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    const id = String((await who(site))!['id']);
    expect(heard.splice(0)).toEqual([linked('Ada', id), ['signedIn', { name: 'Ada', id }]]);
    await linkProvider(site.visitor, site.loginUrl, 'Mixer');
    expect(heard.splice(0)).toEqual([linked('AdaPlays', id)]);
    await site.visitor.press('Unlink Mixer');
    expect(heard).toEqual([]);
    await site.visitor.press('Unlink Mixer');
    expect(heard.splice(0)).toEqual([unlinked('AdaPlays', id)]);
    await site.visitor.open(`${site.loginUrl}/account/delete`);
    await site.visitor.press('Delete');
    expect(heard).toEqual([unlinked('Ada', id, { accountEnded: true })]);
  });

  test('hear of both accounts when one is joined into the other', async () => {
    const { heard, on } = listening();
    const site = await host(plain, on);
    await signIn(site.visitor, site.loginUrl, 'Mixer');
    const former = String((await who(site))!['id']);
    site.visitor.cookies.clear();
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    const id = String((await who(site))!['id']);
    heard.length = 0;
    await linkProvider(site.visitor, site.loginUrl, 'Mixer');
    await site.visitor.press('Continue', { choice: 'join' });
    expect(heard).toEqual([]);
    await site.visitor.press('Join both accounts');
    expect(heard).toEqual([
      unlinked('AdaPlays', former, { toAccountId: id, accountEnded: true }),
      linked('AdaPlays', id, former),
    ]);
  });

  test('that throw stop nothing', async () => {
    const fail = () => Promise.reject(new Error('not today'));
    const site = await host(plain, { signedIn: fail, linked: fail });
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    expect(await who(site)).toMatchObject({ name: 'Ada' });
  });

  test('are waited for: the answer to the callback is sent when they are done', async () => {
    const order: string[] = [];
    let origin = '';
    const signedIn = async () => {
      // Longer than what is left to do for the answer.
      for (let asked = 0; asked < 20; asked++) await (await fetch(`${origin}/who`)).text();
      order.push('hook');
    };
    const site = await host(
      (app, mounted) => {
        app.use((request, response, next) => {
          const { path } = request;
          response.once('finish', () => path.endsWith('/callback') && order.push('callback'));
          next();
        });
        plain(app, mounted);
      },
      { signedIn },
    );
    ({ origin } = site);
    await signIn(site.visitor, site.loginUrl, 'Resonite');
    expect(order).toEqual(['hook', 'callback']);
  });
});

describe('options', () => {
  const given = (options: unknown) => latchkey(options as LatchkeyOptions);

  test('that do not exist are named, all at once, with what was meant', async () => {
    const wrong = {
      settings: { BASE_URL: 'http://localhost:1/a', TWICH_CLIENT_ID: 'x', PORT: 3000, LOG_LEVEL: {} },
      on: { signIn: () => {}, linked: 'yes' },
      hook: {},
    };
    await expect(given(wrong)).rejects.toThrow(
      new TypeError(
        [
          'latchkey() was given:',
          'hook is not known.',
          'settings.TWICH_CLIENT_ID is not known. Did you mean TWITCH_CLIENT_ID?',
          "settings.PORT is for Latchkey's own server; your application has its own.",
          'settings.LOG_LEVEL must be a text, a number, true or false.',
          'on.signIn is not known. Did you mean signedIn?',
          'on.linked must be a function.',
        ].join('\n  '),
      ),
    );
  });

  test.each([[undefined], [null], ['x'], [{}]])('%p are not enough', async (options) => {
    await expect(given(options)).rejects.toThrow('settings must be an object.');
  });

  test('with a provider whose endpoints are not https are refused, each endpoint by its name', async () => {
    const endpoints = { ...twitch.endpoints, token: 'http://acme.example/token', jwks: 'acme.example/keys' };
    const acme = { ...twitch, id: 'acme', endpoints: { ...endpoints, userinfo: 'http://127.0.0.1:1/me' } };
    const settings = { BASE_URL: 'http://localhost:1/a', DATA_DIR: folder, SANDBOX: 'off' };
    await expect(given({ settings, providers: [acme] })).rejects.toThrow(
      new TypeError(
        [
          'latchkey() was given:',
          "providers: of acme's endpoints, token (http://acme.example/token) must be https, or http to this machine. Put its https address into the facts.",
          "providers: of acme's endpoints, jwks (acme.example/keys) must be https, or http to this machine. Put its https address into the facts.",
        ].join('\n  '),
      ),
    );
  });

  test('that want a provider in the sandbox which it does not play say what is missing', async () => {
    const acme: Provider = { ...twitch, id: 'acme' };
    const settings = { BASE_URL: 'http://localhost:1/a', DATA_DIR: folder, ACME: 'sandbox' };
    await expect(latchkey({ settings, providers: [acme] })).rejects.toThrow(
      'ACME: is sandbox, but the sandbox does not play it: the option inSandbox says how. Example: ACME=auto',
    );
  });

  test('have the name of a provider of one’s own as a setting, where it is offered', async () => {
    const acme = { ...twitch, id: 'acme' } as const;
    const usual = { BASE_URL: 'http://localhost:1/a', DATA_DIR: folder, SANDBOX: 'off' };
    login = await latchkey({ settings: { ...usual, ACME: 'off' }, providers: [acme] });
    // @ts-expect-error The types know it as well.
    await expect(latchkey({ settings: { ...usual, ACME: 'off' } })).rejects.toThrow(
      'settings.ACME is not known.',
    );
    // @ts-expect-error Nor is a misspelt name lost on them.
    const misspelt = latchkey({ settings: { ...usual, SESION_SECRET: testSecret }, providers: [acme] });
    await expect(misspelt).rejects.toThrow('Did you mean SESSION_SECRET?');
  });

  test('with values that cannot be used get the sentences of the configuration', async () => {
    const settings = { BASE_URL: 'http://localhost:1/a', REAUTH_MINUTES: 0, TWITCH: 'live' };
    await expect(given({ settings })).rejects.toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message: expect.stringMatching(/REAUTH_MINUTES: must be[\s\S]*TWITCH_CLIENT_ID: is needed/),
      }),
    );
  });

  test('without a path in BASE_URL would leave nothing for the application, and are refused', async () => {
    await expect(
      given({ settings: { BASE_URL: 'http://localhost:3000', DATA_DIR: folder } }),
    ).rejects.toThrow(/BASE_URL: needs a path.*Example: BASE_URL=http:\/\/localhost:3000\/login-area/);
  });

  test('that are empty count as not set: they switch nothing off that the default has on', async () => {
    const settings = {
      NODE_ENV: '',
      LOG_LEVEL: ' ',
      BASE_URL: 'https://example.org/login',
      DATA_DIR: folder,
    };
    expect(readOptions({ settings }, 'production').environment).toEqual({
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      BASE_URL: 'https://example.org/login',
      DATA_DIR: folder,
    });
  });

  test('in production want what the server wants', async () => {
    const settings = { NODE_ENV: 'production', BASE_URL: 'https://example.org/login', DATA_DIR: folder };
    await expect(given({ settings })).rejects.toThrow('SESSION_SECRET: is needed in production.');
  });
});

test('closing tells /readyz first, lets requests finish, and leaves nothing open', async () => {
  const site = await host(plain, {}, { DRAIN_SECONDS: 1 });
  await signIn(site.visitor, site.loginUrl, 'Resonite');
  expect((await fetch(`${site.loginUrl}/readyz`)).status).toBe(200);
  const closed = login!.close(server);
  const draining = await fetch(`${site.loginUrl}/readyz`);
  expect([draining.status, draining.headers.get('connection')]).toEqual([503, 'close']);
  await closed;
  await expect(fetch(`${site.loginUrl}/readyz`)).rejects.toThrow();
  // A second start on the same folder: people are still signed in.
  const again = await host(plain);
  again.visitor.cookies.set('localhost', site.visitor.cookies.get('localhost')!);
  expect(await who(again)).toMatchObject({ name: 'Ada' });
});
