import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toDepartures } from '../src/learn/departures.ts';
import { providerFiles, shownFiles, steps } from '../src/learn/steps.ts';
import { services } from '../src/providers/index.ts';
import type { DepartureTopic, Provider } from '../src/providers/provider.ts';
import { type RunningLatchkey, startLatchkey } from './support/latchkey.ts';
import { signIn, Visitor } from './support/visitor.ts';

const root = join(import.meta.dirname, '..');
let latchkey: RunningLatchkey;
let visitor: Visitor;
beforeEach(() => {
  visitor = new Visitor();
});
afterEach(() => latchkey?.close());

const places = steps.flatMap((step) => step.places);

test('every file and every function that a step names is there', () => {
  expect(places.length).toBeGreaterThan(15);
  const missing = [...places, ...providerFiles].filter(({ file, name }) => {
    if (!existsSync(join(root, file))) return true;
    return (
      name !== null &&
      !readFileSync(join(root, file), 'utf8').includes(`export function ${name}(`) &&
      !readFileSync(join(root, file), 'utf8').includes(`export async function ${name}(`)
    );
  });
  expect(missing).toEqual([]);
});

test('the steps are in the order of RFC 6749 4.1', () => {
  const sections = steps.map(({ rule }) => rule?.words ?? null);
  expect(sections).toEqual([
    'RFC 6749, 4.1',
    'RFC 6749, 4.1.1',
    'RFC 6749, 4.1',
    'RFC 6749, 4.1.2',
    'RFC 6749, 4.1.3',
    'RFC 6749, 4.1.4',
    'RFC 6749, 7',
    null,
  ]);
});

describe('the page', () => {
  test('shows every step with a link to each of its functions, at the very line', async () => {
    latchkey = await startLatchkey();
    const page = await visitor.open(`${latchkey.baseUrl}/learn`);
    expect(page.status).toBe(200);
    expect(page.$('.walk > li')).toHaveLength(steps.length);
    const links = page
      .$('.places a')
      .toArray()
      .map((element) => page.$(element).attr('href')!);
    expect(links).toHaveLength(places.length);
    for (const [index, href] of links.entries()) {
      const source = await visitor.open(latchkey.baseUrl + href);
      expect(source.status).toBe(200);
      const { name, file } = places[index]!;
      expect(source.heading).toBe(file);
      if (name === null) continue;
      expect(source.$(new URL(href, latchkey.baseUrl).hash).text()).toContain(`function ${name}(`);
    }
  });

  test('compares the services, each cell from its provider file', async () => {
    latchkey = await startLatchkey();
    const page = await visitor.open(`${latchkey.baseUrl}/learn`);
    const table = page.$('table.compare');
    const cells = (label: string) =>
      table
        .find(`tr:has(th:contains("${label}")) td`)
        .toArray()
        .map((element) => page.$(element).text().trim());
    expect(
      table
        .find('thead th')
        .toArray()
        .map((element) => page.$(element).text()),
    ).toEqual(['What', 'Twitch', 'Mixin', 'Resonite', 'Mixer']);
    expect(cells('PKCE')).toEqual([
      'None',
      'S256 over the decoded verifier, not over its text',
      'S256',
      'None',
    ]);
    expect(cells('Asking again')).toEqual([
      'force_verify=true',
      'It always asks',
      'Cannot be forced',
      'approval_prompt=force',
    ]);
    expect(cells('Cancelling access')[0]).toBe('A revocation endpoint');
  });

  test('shows Kraken where that is chosen', async () => {
    latchkey = await startLatchkey({ env: { TWITCH_API: 'kraken' } });
    const page = await visitor.open(`${latchkey.baseUrl}/learn`);
    expect(page.$('table.compare').text()).toContain('The token, with the scheme OAuth');
    expect(page.$('table.compare').text()).toContain('state is sent once more.');
  });

  test('leads to signing in', async () => {
    latchkey = await startLatchkey();
    await visitor.open(`${latchkey.baseUrl}/`);
    await visitor.press('Learn');
    expect((await visitor.press('Sign in')).heading).toBe('Sign in');
  });
});

test('no other file is shown', async () => {
  latchkey = await startLatchkey();
  const paths = [
    'package.json',
    'src/config.ts',
    '.env',
    '..%2F..%2Fetc%2Fpasswd',
    'src/login/..%2Fconfig.ts',
    'src/login/flow.ts/',
    'src//login/flow.ts',
  ];
  expect(shownFiles.has('src/config.ts')).toBe(false);
  for (const path of paths) {
    const page = await visitor.open(`${latchkey.baseUrl}/learn/source/${path}`);
    expect([path, page.status]).toEqual([path, 404]);
  }
});

test('source is shown as text', async () => {
  latchkey = await startLatchkey();
  const page = await visitor.open(`${latchkey.baseUrl}/learn/source/views/pages/hand-off.ejs`);
  expect(page.html).toContain('&lt;%- include(');
  const lines = readFileSync(join(root, 'views/pages/hand-off.ejs'), 'utf8').trimEnd().split('\n');
  expect(
    page
      .$('ol.source li')
      .toArray()
      .map((element) => page.$(element).text()),
  ).toEqual(lines);
});

test('in production neither the page nor the files are there', async () => {
  latchkey = await startLatchkey({ env: { NODE_ENV: 'production', SANDBOX: 'on' } });
  expect((await visitor.open(`${latchkey.baseUrl}/learn`)).status).toBe(404);
  expect((await visitor.open(`${latchkey.baseUrl}/learn/source/src/login/flow.ts`)).status).toBe(404);
  expect((await visitor.open(`${latchkey.baseUrl}/`)).html).not.toContain('/learn');
});

describe('the comparison follows the provider files', () => {
  const provider = services[0]!.choose({});
  const departure = (about: DepartureTopic, what: string) =>
    ({ at: 'token', about, what, why: '', source: '' }) as const;
  const cell = (changes: Partial<Provider>, label: string) =>
    toDepartures([{ ...provider, ...changes }]).rows.find((row) => row.label === label)?.cells[0];

  test.each<[Partial<Provider>, string, string]>([
    [{ pkce: 'S256' }, 'PKCE', 'S256'],
    [{ idToken: null }, 'ID token', 'None'],
    [{ idToken: 'without-nonce' }, 'ID token', 'With the scope openid; without a nonce'],
    [
      { clientSecret: 'optional' },
      'Client authentication',
      'A client secret in the body, for clients that have one',
    ],
    [
      { clientAuthentication: 'client_secret_basic' },
      'Client authentication',
      'A client secret, in the Authorization header',
    ],
    [{ accessToken: 'ed25519' }, 'Access token', 'None: a key pair signs instead'],
    [{ force: 'cannot-force' }, 'Asking again', 'Cannot be forced'],
    [{ announcesIssuer: true }, 'Issuer in the response', 'Always'],
    [{ defaultScope: ['openid'] }, 'Scopes that are asked for', 'openid (confirm who you are)'],
    [{ authorizationParameters: {} }, 'Further parameters', 'None'],
    [{ departures: [] }, 'Refresh', 'As in the standard'],
    [{ departures: [departure('refresh', 'Never.')] }, 'Refresh', 'Never.'],
    [
      { departures: [departure('token-answer', 'One.'), departure('token-answer', 'Two.')] },
      'Token answer',
      'One. Two.',
    ],
    [{ validateEvery: 120_000 }, 'Asking whether a token stands', 'Every 2 minutes'],
    [
      { userinfo: { authorization: 'OAuth', headers: () => ({ accept: 'x' }), requestId: true } },
      'Profile request',
      'The token, with the scheme OAuth, with accept, x-request-id',
    ],
  ])('%j', (changes, label, words) => {
    expect(cell(changes, label)).toBe(words);
  });
});

describe('the reader’s own last login', () => {
  const ownLinks = async () => {
    const page = await visitor.open(`${latchkey.baseUrl}/learn`);
    return page
      .$('a[href*="/inspector/"]')
      .toArray()
      .map((element) => page.$(element).attr('href')!);
  };

  test('is not there before there was one', async () => {
    latchkey = await startLatchkey();
    expect(await ownLinks()).toEqual([]);
  });

  test('is linked as a whole, and from each step that the app sees', async () => {
    latchkey = await startLatchkey();
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const [whole, ...links] = await ownLinks();
    expect(links).toHaveLength(steps.filter(({ recordedAs }) => recordedAs !== null).length);
    for (const href of links) {
      const [address, anchor] = href.split('#');
      expect(address).toBe(whole);
      const page = await visitor.open(latchkey.baseUrl + address!);
      expect([page.status, page.$(`#${anchor}`).length]).toEqual([200, 1]);
    }
  });

  test('of somebody else is not shown', async () => {
    latchkey = await startLatchkey();
    await signIn(new Visitor(), latchkey.baseUrl, 'Resonite');
    expect(await ownLinks()).toEqual([]);
  });

  test('is not there when nothing is recorded', async () => {
    latchkey = await startLatchkey({ env: { INSPECTOR: 'off' } });
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    expect(await ownLinks()).toEqual([]);
  });
});
