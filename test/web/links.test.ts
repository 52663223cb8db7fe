import { load } from 'cheerio';
import { HtmlValidate, StaticConfigLoader } from 'html-validate';
import supertest from 'supertest';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { linkProvider, signIn, Visitor } from '../support/visitor.ts';

/*
 * Follows every link of the application and of the sandbox's page, signed out and signed in, as one
 * who goes everywhere would, and looks for faults in the HTML of each page. Addresses of other sites
 * are only looked at.
 */

const validator = new HtmlValidate(
  new StaticConfigLoader({
    extends: ['html-validate:standard', 'html-validate:a11y'],
    rules: {
      // A table whose rows become blocks in a narrow window is no table to a screen reader any more,
      // unless its roles are written out.
      'no-redundant-role': 'off',
      // What scrolls by itself is a region around one table, not a section of the page.
      'prefer-native-element': ['error', { exclude: ['region'] }],
    },
  }),
);

let latchkey: RunningLatchkey;
afterEach(() => latchkey?.close());

interface Found {
  readonly pages: ReadonlyMap<string, string>;
  readonly broken: readonly string[];
  readonly elsewhere: ReadonlySet<string>;
  /** Of the HTML: each with a page that it is on. */
  readonly faults: readonly string[];
}

/** Every page that can be reached by links alone, and every link that leads nowhere. */
async function follow(visitor: Visitor, from: readonly string[], inside: readonly string[]): Promise<Found> {
  const pages = new Map<string, string>();
  const broken: string[] = [];
  const elsewhere = new Set<string>();
  const faults = new Map<string, string>();
  const fragments: { readonly on: string; readonly page: string; readonly id: string }[] = [];
  const waiting = from.map((address) => ({ address, on: 'the start' }));
  for (const { address, on } of waiting) {
    if (pages.has(address)) continue;
    const { status, text, type } = await read(visitor, address);
    pages.set(address, text);
    if (status >= 400) broken.push(`${address} is ${status}, on ${on}`);
    if (!type.startsWith('text/html')) continue;
    for (const fault of await findFaults(text)) faults.set(fault, address);
    const $ = load(text);
    for (const element of $('a[href], link[href], script[src], img[src]').toArray()) {
      const href = $(element).attr('href') ?? $(element).attr('src')!;
      const target = new URL(href, address);
      const id = decodeURIComponent(target.hash.slice(1));
      target.hash = '';
      const isInside = inside.includes(target.origin);
      if (!isInside) elsewhere.add(target.href);
      else if (!isLeft(target)) waiting.push({ address: target.href, on: address });
      if (isInside && id !== '') fragments.push({ on: address, page: target.href, id });
    }
  }
  for (const { on, page, id } of fragments) {
    const text = pages.get(page);
    if (text !== undefined && !hasId(text, id)) broken.push(`${page} has no #${id}, which ${on} leads to`);
  }
  return { pages, broken, elsewhere, faults: [...faults].map((fault) => fault.join(', on ')) };
}

async function findFaults(html: string): Promise<string[]> {
  const { results } = await validator.validateString(html);
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, line }) => `${ruleId}: ${message}, line ${line}`),
  );
}

/** Not followed: a callback without its login, and the further pages of a long list. */
function isLeft({ pathname, search }: URL): boolean {
  return pathname.endsWith('/callback') || /[?&]page=/.test(search);
}

const ids = new Map<string, ReadonlySet<string>>();
function hasId(text: string, id: string): boolean {
  if (!ids.has(text)) {
    const $ = load(text);
    ids.set(
      text,
      new Set(
        $('[id]')
          .toArray()
          .map((element) => $(element).attr('id')!),
      ),
    );
  }
  return ids.get(text)!.has(id);
}

async function read(
  visitor: Visitor,
  address: string,
): Promise<{ status: number; text: string; type: string }> {
  const url = new URL(address);
  const cookies = [...(visitor.cookies.get(url.hostname) ?? [])].map((pair) => pair.join('=')).join('; ');
  const answer = await supertest(url.origin)
    .get(url.pathname + url.search)
    .set('Cookie', cookies)
    .set('Accept', 'text/html')
    .set('Sec-Fetch-Site', 'same-origin')
    .redirects(0)
    .ok(() => true);
  const location: string | undefined = answer.headers['location'];
  if (location && new URL(location, url).origin === url.origin && answer.status === 303)
    return read(visitor, new URL(location, url).href);
  return { status: answer.status, text: answer.text ?? '', type: answer.headers['content-type'] ?? '' };
}

function expectSound({ pages, broken, elsewhere, faults }: Found, among: readonly string[]): void {
  expect(broken).toEqual([]);
  expect(faults).toEqual([]);
  for (const path of among) expect([...pages.keys()]).toContain(path);
  for (const address of elsewhere)
    if (!address.startsWith(`${latchkey.sandboxUrl}/`))
      expect(address).toMatch(/^https:\/\/[\w.-]+\.[a-z]+\//);
}

test('signed out, every link leads somewhere, fragments too', async () => {
  latchkey = await startLatchkey();
  const { baseUrl } = latchkey;
  const found = await follow(new Visitor(), [`${baseUrl}/`], [baseUrl]);
  expectSound(
    found,
    ['/help', '/setup', '/learn', '/inspector', '/manifest.webmanifest'].map((path) => baseUrl + path),
  );
  expect(found.pages.size).toBeGreaterThan(20);
});

test('signed in with several services, every link leads somewhere', async () => {
  latchkey = await startLatchkey();
  const { baseUrl } = latchkey;
  const visitor = new Visitor();
  await signIn(visitor, baseUrl, 'Mixer', { deny: true });
  await signIn(visitor, baseUrl, 'Twitch', { person: 'Ada' });
  await linkProvider(visitor, baseUrl, 'Resonite', { person: 'Ada' });
  const found = await follow(visitor, [`${baseUrl}/profile`], [baseUrl]);
  expectSound(
    found,
    ['/sessions', '/account/delete', '/profile/twitch/unlink?mode=sandbox'].map((path) => baseUrl + path),
  );
  expect([...found.pages.keys()].filter((page) => /\/inspector\/[\w-]+$/.test(page)).length).toBeGreaterThan(
    2,
  );
});

test('the sandbox’s own page leads nowhere that is not there', async () => {
  latchkey = await startLatchkey();
  const { sandboxUrl } = latchkey;
  const found = await follow(new Visitor(), [`${sandboxUrl}/`], [sandboxUrl]);
  expect(found.broken).toEqual([]);
  expect(found.faults).toEqual([]);
  expect(found.pages.size).toBeGreaterThan(5);
});

test('in production, and below a path, too', async () => {
  latchkey = await startLatchkey({
    basePath: '/app',
    env: { NODE_ENV: 'production', SANDBOX: 'on', INSPECTOR: 'on' },
  });
  const { baseUrl } = latchkey;
  const visitor = new Visitor();
  await signIn(visitor, baseUrl, 'Twitch', { person: 'Ada' });
  const found = await follow(visitor, [`${baseUrl}/profile`, `${baseUrl}/help`], [new URL(baseUrl).origin]);
  expectSound(found, [`${baseUrl}/inspector`, `${baseUrl}/sessions`]);
  for (const page of found.pages.keys()) expect(new URL(page).pathname).toMatch(/^\/app(?:\/|$)/);
});
