import { request } from 'node:http';
import supertest from 'supertest';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { signIn, Visitor } from '../support/visitor.ts';

let latchkey: RunningLatchkey;
const visitor = new Visitor();
beforeAll(async () => {
  latchkey = await startLatchkey();
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
});
afterAll(() => latchkey.close());

const pages = [
  '/profile',
  '/profile/twitch/unlink',
  '/sessions',
  '/account/delete',
  '/link/conflict',
  '/login/mixer?intent=link',
  '/login/twitch/callback',
  '/inspector',
  '/help',
  '/setup',
  '/learn',
  '/nothing',
];

test.each(pages)('%s has a button to sign out, for who is signed in', async (path) => {
  const { $ } = await visitor.open(latchkey.baseUrl + path);
  const buttons = $('header form[method=post][action="/logout"] button').toArray();
  expect(buttons.map((button) => $(button).text().trim())).toEqual(['Sign out']);
});

test.each(pages)('%s has the frame that every page has, in the same order', async (path) => {
  const { $, headers } = await visitor.open(latchkey.baseUrl + path);
  const words = (selector: string) =>
    $(selector)
      .toArray()
      .map((element) => $(element).text().trim());
  expect(words('nav[aria-label=Main] li')).toEqual([
    'Profile',
    'Sessions',
    'Inspector',
    'Setup',
    'Learn',
    'Sign out',
  ]);
  expect($('nav[aria-label=Main] [aria-current=page]').length).toBeLessThanOrEqual(1);
  expect($('body > *').first().text()).toBe('Skip to the content');
  expect($('h1')).toHaveLength(1);
  expect($('title').text()).toMatch(/\S – Latchkey$/);
  expect(words('footer button')).toEqual(['System', 'Light', 'Dark']);
  expect($('footer p').text()).toBe(
    'Twitch, Mixer, Mixin and Resonite are names of their owners. This project is not connected with them.',
  );
  expect(words('footer a').at(-1)).toBe('Help');
  expect(headers['cache-control']).toContain('no-store');
});

// What is there to learn is told in the words of those who build it.
test.each(pages.filter((path) => path !== '/learn'))('%s calls things by one name each', async (path) => {
  const { $ } = await visitor.open(latchkey.baseUrl + path);
  const actions = $('main a, main button').toArray();
  const other = /\b(?:connect|disconnect|detach|remove|log ?in|log ?out|log ?off|sign ?up|register)\b/i;
  expect(actions.map((element) => $(element).text().trim()).filter((text) => other.test(text))).toEqual([]);
});

test.each(pages)('%s loads nothing from elsewhere but pictures of people', async (path) => {
  const { $ } = await visitor.open(latchkey.baseUrl + path);
  const loaded = $(
    'script, link[rel=stylesheet], link[rel=icon], iframe, embed, object, video, audio, source',
  ).toArray();
  expect(loaded.length).toBeGreaterThan(2);
  const addresses = loaded.map((element) => $(element).attr('src') ?? $(element).attr('href') ?? '');
  expect(addresses.filter((address) => !address.startsWith('/assets/'))).toEqual([]);
  const pictures = $('img[src]')
    .toArray()
    .map((image) => $(image).attr('src')!);
  const hosts = latchkey.config.services.flatMap(({ provider }) => provider.imageSources);
  expect(pictures.filter((address) => !hosts.some((host) => address.startsWith(host)))).toEqual([]);
});

describe('the log has a line, with a code and without what was sent, for', () => {
  const refusals = [
    ['a form from elsewhere', 'cross_origin', 'POST', '/logout', { Origin: 'https://canary.example' }],
    [
      'a callback that nobody asked for',
      'state_unknown',
      'GET',
      `/login/twitch/callback?code=canary&state=${'canary'.padEnd(43, 'x')}`,
      { Cookie: `latchkey-login=${'canary'.padEnd(43, 'x')}` },
    ],
    ['a form of nobody', 'not_signed_in', 'POST', '/account/delete', { 'Sec-Fetch-Site': 'same-origin' }],
    ['a name that is not ours', 'unknown_host', 'GET', '/canary', { Host: 'canary.example' }],
    [
      'a form that cannot be read',
      'malformed_request',
      'POST',
      '/theme',
      { 'Sec-Fetch-Site': 'same-origin' },
    ],
  ] as const;

  test.each(refusals)('%s: %s', async (_what, code, method, path, headers) => {
    latchkey.logLines.length = 0;
    const asked = supertest(latchkey.listensAt);
    await (method === 'GET' ? asked.get(path) : asked.post(path).type('form').send({ theme: 'canary' })).set({
      Host: new URL(latchkey.baseUrl).host,
      ...headers,
    });
    const lines = latchkey.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter((line) => line['code'] === code)).toHaveLength(1);
    expect(latchkey.logLines.join('')).not.toContain('canary');
  });
});

/** Sends the path as it stands, which clients would put right. */
function sendRaw(method: string, path: string): Promise<{ status: number | undefined; text: string }> {
  const { hostname, port } = new URL(latchkey.listensAt);
  const headers = {
    host: new URL(latchkey.baseUrl).host,
    cookie: visitor.cookieHeader(new URL(latchkey.baseUrl)),
    'sec-fetch-site': 'same-origin',
    'x-canary': 'canary',
  };
  return new Promise((resolve, reject) => {
    const sending = request({ hostname, port, method, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    sending.on('error', reject).end();
  });
}

test.each([
  ['//?error=redirect_mismatch', 502],
  ['http://nobody:99999/?error=redirect_mismatch', 502],
  ['http://nobody:99999/login/twitch/callback?state=unknown', 400],
])('%s is no mistake of ours', async (path, status) => {
  const answer = await sendRaw('GET', path);
  expect([answer.status, latchkey.logLines.filter((line) => line.includes('"failure"'))]).toEqual([
    status,
    [],
  ]);
});

test.each(['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])('%s is no method of any page', async (method) => {
  for (const path of [...pages, '/logout', '/account/data.json', '/assets/latchkey.css']) {
    const { status, text } = await sendRaw(method, path);
    expect([path, status]).toEqual([path, 404]);
    // TRACE would say back what was sent.
    expect(text).not.toContain('canary');
  }
  expect((await visitor.open(`${latchkey.baseUrl}/profile`)).heading).toBe('Your accounts');
});
