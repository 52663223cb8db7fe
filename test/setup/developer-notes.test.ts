import { madeUpClients } from '../../src/sandbox/registrations.ts';
import supertest from 'supertest';
import { load } from 'cheerio';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { captureCallback, type Page, signIn, startSignIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;
beforeEach(() => {
  visitor = new Visitor();
});
afterEach(() => latchkey?.close());

const start = async (options: LatchkeyOptions = {}) => {
  latchkey = await startLatchkey(options);
};

/** The block for developers: its text, the settings it names, and where it leads. */
function block({ $ }: Pick<Page, '$'>) {
  const section = $('section[aria-labelledby=developer]');
  return {
    text: section.text().replace(/\s+/g, ' ').trim(),
    settings: section
      .find('p code')
      .toArray()
      .map((element) => $(element).text()),
    setup: section.find('a').attr('href'),
  };
}

const inProduction = { NODE_ENV: 'production', SANDBOX: 'on' };
const wrongSecret = {
  TWITCH: 'sandbox',
  TWITCH_CLIENT_ID: madeUpClients.twitch.clientId,
  TWITCH_CLIENT_SECRET: 'canarysecret000000000000000000',
};

describe('a return address that Twitch does not know, reported to the root of the site', () => {
  const arrive = async () => {
    latchkey.sandbox.state.faults.set('twitch', 'authorize_redirect_mismatch');
    const url = await captureCallback(
      visitor,
      () => startSignIn(visitor, latchkey.baseUrl, 'Twitch'),
      latchkey.baseUrl,
    );
    return visitor.open(`${latchkey.baseUrl}/${url.search}`);
  };

  test('the page names the address to register, the field and the setting', async () => {
    await start();
    const found = block(await arrive());
    expect(found.text).toContain(
      `Paste ${latchkey.baseUrl}/login/twitch/callback into: OAuth Redirect URLs at dev.twitch.tv/console/apps.`,
    );
    expect(found.settings).toContain('BASE_URL');
    expect(found.setup).toBe('/setup#twitch');
  });

  test('without a state it names the address of every service', async () => {
    await start();
    const page = await visitor.open(`${latchkey.baseUrl}/?error=redirect_mismatch`);
    for (const id of ['twitch', 'mixin', 'resonite', 'mixer'])
      expect(block(page).text).toContain(`${latchkey.baseUrl}/login/${id}/callback`);
    expect(block(page).setup).toBe('/setup');
  });

  test('in production it says nothing of that', async () => {
    await start({ env: inProduction });
    const page = await arrive();
    expect(page.heading).toBe('Twitch does not know our return address');
    expect(block(page).text).toBe('');
    expect(page.text).not.toContain('/login/twitch/callback');
  });
});

describe('the same machine under two names', () => {
  const open = (path: string, host: string) => supertest(latchkey.listensAt).get(path).set('Host', host);

  test('a page under the other name says the exact sentence and names BASE_URL', async () => {
    await start();
    const { host } = new URL(latchkey.listensAt);
    const { status, text } = await open('/setup', host);
    expect(status).toBe(421);
    const found = block({ $: load(text) });
    expect(found.text).toContain(
      `You opened http://${host} but BASE_URL is ${latchkey.baseUrl}. Sign-in would fail: the cookie belongs to the other name.`,
    );
    expect(found.settings).toEqual(['BASE_URL']);
    expect(found.setup).toBe(`${latchkey.baseUrl}/setup`);
  });

  test('a callback under the other name says that the registered address has that name', async () => {
    await start();
    const { host } = new URL(latchkey.listensAt);
    for (const path of ['/login/mixin/callback', '/login/mixin/callback/', '/Login/Mixin/Callback']) {
      const { text } = await open(`${path}?code=x&state=y`, host);
      expect(block({ $: load(text) }).text).toContain('the return address that is registered there');
    }
    const other = await open('/', host);
    expect(block({ $: load(other.text) }).text).not.toContain('registered there');
  });

  test('a Host that is no name is not repeated', async () => {
    await start();
    const { text } = await open('/', 'evil.example/<script>');
    expect(text).not.toContain('evil.example');
  });

  test('in production the page does not repeat the name that was opened', async () => {
    await start({ env: inProduction });
    const { text } = await open('/', 'other.example.org');
    expect(text).not.toContain('other.example.org');
    expect(block({ $: load(text) }).text).toBe('');
  });

  test('a cookie that is gone at the callback names BASE_URL', async () => {
    await start();
    const url = await captureCallback(
      visitor,
      () => startSignIn(visitor, latchkey.baseUrl, 'Resonite'),
      latchkey.baseUrl,
    );
    visitor.cookies.clear();
    const page = await visitor.open(url.href);
    expect(page.heading).toBe('Your browser did not keep our cookie');
    expect(block(page).settings).toEqual(['BASE_URL']);
    expect(block(page).text).toContain(`Open the site as ${latchkey.baseUrl}`);
  });
});

describe('a wrong secret', () => {
  test('ends on a page that names the variable and never its value', async () => {
    await start({ env: wrongSecret });
    const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(page.heading).toBe('This site is not set up correctly for Twitch');
    expect(block(page).settings).toEqual(['TWITCH_CLIENT_ID', 'TWITCH_CLIENT_SECRET']);
    expect(block(page).setup).toBe('/setup#twitch');
    expect(page.html).not.toContain('canarysecret');
  });

  test('in production names nothing', async () => {
    await start({ env: { ...inProduction, ...wrongSecret } });
    const page = await signIn(visitor, latchkey.baseUrl, 'Twitch');
    expect(page.heading).toBe('This site is not set up correctly for Twitch');
    expect(page.html).not.toContain('TWITCH_CLIENT_SECRET');
    expect(page.html).not.toContain('/setup');
  });

  test('a code that is too old is no setting', async () => {
    await start();
    latchkey.sandbox.state.faults.set('twitch', 'token_code_expired');
    expect(block(await signIn(visitor, latchkey.baseUrl, 'Twitch')).text).toBe('');
  });
});

describe('a wrong scope', () => {
  test('that Mixer reports ends on a page that names the variable', async () => {
    await start({ env: { MIXER_SCOPES: 'user:details:self no-such-scope' } });
    await startSignIn(visitor, latchkey.baseUrl, 'Mixer');
    expect(visitor.page.heading).toBe('Mixer did not let us in');
    expect(block(visitor.page).settings).toEqual(['MIXER_SCOPES']);
  });

  test.each(['Twitch', 'Mixin', 'Resonite'])(
    'that %s might report in the standard way names the variable too',
    async (name) => {
      await start();
      const url = await captureCallback(
        visitor,
        () => startSignIn(visitor, latchkey.baseUrl, name),
        latchkey.baseUrl,
      );
      url.searchParams.delete('code');
      url.searchParams.set('error', 'invalid_scope');
      const page = await visitor.open(url.href);
      expect(page.heading).toBe(`${name} did not let us in`);
      expect(block(page).settings).toEqual([`${name.toUpperCase()}_SCOPES`]);
    },
  );

  test('another error of the provider names no scope', async () => {
    await start();
    latchkey.sandbox.state.faults.set('resonite', 'authorize_server_error');
    const page = await signIn(visitor, latchkey.baseUrl, 'Resonite');
    expect(block(page).settings).toEqual([]);
    expect(block(page).text).toContain('The details below');
  });

  test('that does not open the profile names the variable', async () => {
    await start();
    latchkey.sandbox.state.faults.set('mixer', 'userinfo_401');
    const page = await signIn(visitor, latchkey.baseUrl, 'Mixer');
    expect(block(page).settings).toEqual(['MIXER_SCOPES']);
  });
});

describe('a service that is off', () => {
  const press = async (id: string, env: Record<string, string>) => {
    await start({ env });
    const { url } = await visitor.open(`${latchkey.baseUrl}/`);
    const page = await visitor.submit('post', new URL(`${url.origin}/login/${id}`), new URLSearchParams());
    return block(page);
  };

  test('because it is not set up names both variables', async () => {
    const found = await press('twitch', { SANDBOX: 'off' });
    expect(found.settings).toEqual(['TWITCH_CLIENT_ID', 'TWITCH_CLIENT_SECRET']);
  });

  test('because it is switched off names the switch', async () => {
    const credentials = { TWITCH_CLIENT_ID: 'a'.repeat(30), TWITCH_CLIENT_SECRET: 'b'.repeat(30) };
    const found = await press('twitch', { TWITCH: 'off', ...credentials });
    expect(found.settings).toEqual(['TWITCH']);
    expect(found.text).toContain('Twitch is switched off: TWITCH is off. Set it to auto.');
  });

  test('because it is closed names what lets the sandbox play it', async () => {
    const found = await press('mixer', { MIXER: 'off' });
    expect(found.settings).toEqual(['MIXER']);
    expect(found.text).toContain('the built-in sandbox plays it when MIXER is sandbox.');
  });

  test('because it is closed names the sandbox too, where there is none', async () => {
    const found = await press('mixer', { SANDBOX: 'off' });
    expect(found.settings).toEqual(['MIXER', 'SANDBOX']);
    expect(found.text).toContain('the built-in sandbox plays it when SANDBOX is on and MIXER is sandbox.');
  });
});
