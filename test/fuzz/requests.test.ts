import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { routes } from '../../src/paths.ts';
import { readReturnPath } from '../../src/web/return-path.ts';
import { holds, longestMilliseconds } from './holds.ts';
import { oddText } from './odd-values.ts';
import { cookiesOf, openSite, type Site } from './site.ts';

/* Whatever a browser, or somebody who is none, sends to the application. */

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterEach(async () => {
  site.sandboxAnswers();
  await site.signIn();
});
afterAll(() => site.close());

/** What a text may look like in an address: Node sends only what HTTP allows. */
const inPath = (text: string) => text.toWellFormed().replace(/[^\x21-\xff]|[#?]/gu, '');
const segment = fc
  .tuple(oddText, fc.boolean())
  .map(([text, encoded]) => (encoded ? encodeURIComponent(text.toWellFormed()) : inPath(text)))
  .filter((text) => text.length < 4000);
const inHeader = (text: string) => text.replace(/[^\t\x20-\x7e\x80-\xff]/gu, '').slice(0, 4000);

test('every return path that is let through stays on this site', async () => {
  const pieces = fc.constantFrom(
    '/',
    '//',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '@',
    ':',
    ';',
    '?',
    '#',
    '\t',
    '\n',
    '\r',
    ' ',
    'evil.example',
    'https:',
    'profile',
    '\u2028',
    '\u0000',
    '%00',
    'é',
  );
  const path = fc.oneof(
    fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 10 }).map((parts) => `/${parts.join('')}`),
    oddText,
  );
  let kept = 0;
  await holds(
    fc.asyncProperty(path, async (value) => {
      const read = readReturnPath(value);
      if (read === null) return;
      kept += 1;
      for (const base of [
        'https://own.example',
        'https://own.example/login/twitch/callback',
        'http://own.example:1/',
      ]) {
        expect(new URL(read, base).origin).toBe(new URL(base).origin);
      }
      // As a header: one line, one slash, nothing that a browser would take for one.
      expect(read).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
      expect(read).not.toContain('\\');
      expect(readReturnPath(read)).toBe(read);
    }),
    2000,
  );
  expect(kept).toBeGreaterThan(50);
});

test(
  'no wish to return leads off this site at the end of a login',
  async () => {
    await holds(
      fc.asyncProperty(oddText, fc.constantFrom('mixer', 'resonite'), async (value, provider) => {
        const body = new URLSearchParams({ return_to: value.toWellFormed().slice(0, 2000) }).toString();
        const begun = await site.send({ method: 'POST', path: `/login/${provider}`, body });
        site.expectCalm(begun);
        const address = /content="0;url=([^"]+)"/.exec(begun.text)![1]!.replaceAll('&amp;', '&');
        const approved = await fetch(address, { redirect: 'manual' });
        const back = new URL(approved.headers.get('location')!);
        const answer = await site.send({
          path: back.pathname + back.search,
          cookie: cookiesOf(begun).join('; '),
        });
        // Where it leads is among the things that are looked at.
        site.expectCalm(answer);
        expect(answer.status).toBe(303);
      }),
      30,
    );
  },
  longestMilliseconds,
);

test(
  'no cookie but the genuine one, there once, signs anybody in',
  async () => {
    const genuine = await site.signIn();
    const value = genuine.slice('latchkey='.length);
    const names = [
      'latchkey',
      'latchkey-login',
      'latchkey-last',
      'latchkey-theme',
      '__Host-latchkey',
      '__proto__',
      'Latchkey',
      '',
    ];
    const changed = fc
      .tuple(fc.nat(value.length - 1), oddText, fc.nat(3))
      .map(([at, text, cut]) => value.slice(0, at) + text + value.slice(at + cut));
    const cookie = fc
      .tuple(fc.constantFrom(...names), fc.oneof(oddText, changed, fc.constant(value)))
      .map(([name, text]) => inHeader(`${name}=${text}`));
    const separator = fc.constantFrom('; ', ';', ';;', ' ;\t', ', ', '');
    let signedIn = 0;
    await holds(
      fc.asyncProperty(
        fc.array(cookie, { maxLength: 4 }),
        separator,
        fc.boolean(),
        async (others, between, withGenuine) => {
          const all = [...others, ...(withGenuine ? [genuine] : [])].join(between).slice(0, 12_000);
          const answer = await site.send({ path: '/profile', cookie: all });
          site.expectCalm(answer);
          const own = all.split(/;\s*/).filter((pair) => pair.startsWith('latchkey='));
          if (answer.status === 200) {
            signedIn += 1;
            expect(own.map((pair) => decodeURIComponent(pair.slice('latchkey='.length)).trim())).toEqual([
              decodeURIComponent(value),
            ]);
          } else expect(answer.status).toBe(303);
          expect(site.takeOutgoing()).toEqual([]);
        },
      ),
      150,
    );
    expect(signedIn).toBeGreaterThan(10);
    expect((await site.send({ path: '/profile', cookie: genuine })).status).toBe(200);
  },
  longestMilliseconds,
);

/** The names of the routes that take a form, as `src/paths.ts` has them. */
function namesOfPostRoutes(): string[] {
  const source = join(import.meta.dirname, '../../src');
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('routes.ts') && !name.startsWith('sandbox'))
    .flatMap((name) => [...readFileSync(join(source, name), 'utf8').matchAll(/\.post\(routes\.(\w+)/g)])
    .map((match) => match[1]!)
    .toSorted();
}

type RouteName = keyof typeof routes;
const pathOf = (name: string, parameter: string): string => {
  const route = routes[name as RouteName];
  return typeof route === 'string' ? route : route(parameter);
};

const fieldNames = [
  'intent',
  'force',
  'return_to',
  'theme',
  'confirmed',
  'confirm',
  'choice',
  'decision',
  'id',
  'keep',
  'provider',
  '__proto__',
  'constructor[prototype][x]',
  'intent[]',
  '',
];
const knownValues = [
  'sign-in',
  'link',
  'switch',
  'ask',
  'reauthenticate',
  'true',
  'yes',
  'dark',
  'move',
  'join',
  'keep',
  'new',
  'old',
];
const field = fc.tuple(
  fc.oneof(fc.constantFrom(...fieldNames), oddText),
  fc.oneof(fc.constantFrom(...knownValues), oddText),
);
const formBody: fc.Arbitrary<string | Buffer> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(field, { maxLength: 8 })
      .map((fields) =>
        new URLSearchParams(
          fields.map(([name, value]): [string, string] => [name.toWellFormed(), value.toWellFormed()]),
        ).toString(),
      ),
  },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.array(field, { maxLength: 4 }).map((fields) => JSON.stringify(Object.fromEntries(fields))),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'a=b&'.repeat(30),
      `x=${'y'.repeat(9000)}`,
      '%',
      'a=%zz',
      '&&&=',
      'a'.repeat(8192),
    ),
  },
);
const contentType = fc.oneof(
  { weight: 5, arbitrary: fc.constant('application/x-www-form-urlencoded') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/x-www-form-urlencoded; charset=utf-7',
      'application/json',
      'multipart/form-data; boundary=x',
      'text/plain',
      '',
      'x'.repeat(500),
    ),
  },
);
const encoding = fc.oneof(
  { weight: 8, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom('gzip', 'br', 'x') },
);

test('the tests know every route that takes a form', () => {
  const names = namesOfPostRoutes();
  expect(names.length).toBeGreaterThan(9);
  expect(names.filter((name) => !(name in routes))).toEqual([]);
});

describe.each(namesOfPostRoutes())('the form of %s', (name) => {
  test(
    'does no harm, whatever stands in it',
    async () => {
      let cookie = await site.signIn('twitch');
      const parameter = fc.oneof(fc.constantFrom('twitch', 'mixer', 'mixin'), segment);
      await holds(
        fc.asyncProperty(
          parameter,
          formBody,
          contentType,
          encoding,
          fc.boolean(),
          async (text, body, type, coded, signedIn) => {
            if ((await site.send({ path: '/profile', cookie })).status !== 200)
              cookie = await site.signIn('twitch');
            site.takeOutgoing();
            const headers = { 'content-type': type, ...(coded ? { 'content-encoding': coded } : {}) };
            const path = pathOf(name, text);
            const answer = await site.send({
              method: 'POST',
              path,
              body,
              headers,
              ...(signedIn ? { cookie } : {}),
            });
            site.expectCalm(answer);
            // Nobody asks a provider for somebody who is not signed in, but for the checks of a developer.
            if (!signedIn && name !== 'checkNow') expect(site.takeOutgoing()).toEqual([]);
          },
        ),
        25,
      );
    },
    longestMilliseconds,
  );

  test(
    'is refused from elsewhere, whatever the headers say',
    async () => {
      const cookie = await site.signIn('twitch');
      const site_ = fc
        .oneof(fc.constantFrom('cross-site', 'same-site', 'none', 'SAME-ORIGIN', ''), oddText.map(inHeader))
        .filter((text) => text.trim() !== 'same-origin');
      const origin = fc.oneof(
        fc.constantFrom(
          'null',
          'https://evil.example',
          `${site.latchkey.baseUrl}.evil.example`,
          `${site.latchkey.baseUrl}/`,
        ),
        oddText.map(inHeader),
      );
      await holds(
        fc.asyncProperty(site_, origin, fc.boolean(), async (from, claimed, both) => {
          const headers = { 'sec-fetch-site': from, ...(both ? { origin: claimed } : {}) };
          const answer = await site.send({
            method: 'POST',
            path: pathOf(name, 'twitch'),
            cookie,
            headers,
            body: 'confirmed=yes&confirm=yes',
          });
          site.expectCalm(answer);
          expect(answer.status).toBe(403);
          expect(cookiesOf(answer)).toEqual([]);
          expect(site.takeOutgoing().filter((line) => line.startsWith('POST'))).toEqual([]);
        }),
        10,
      );
      expect((await site.send({ path: '/profile', cookie })).status).toBe(200);
    },
    longestMilliseconds,
  );
});

const pathRoutes = (Object.keys(routes) as RouteName[]).filter((name) => typeof routes[name] === 'function');

test(
  'no address does harm, whatever stands in the place of a parameter or behind it',
  async () => {
    const cookie = await site.signIn();
    site.takeOutgoing();
    const address = fc.oneof(
      fc.tuple(fc.constantFrom(...pathRoutes), segment).map(([name, text]) => pathOf(name, text)),
      fc
        .tuple(
          fc.constantFrom(
            '/',
            '/profile',
            '/sessions',
            '/help',
            '/link/conflict',
            '/link/replace',
            '/account/delete',
            '/inspector/compare',
            '/setup',
            '/learn',
            '/assets/',
          ),
          segment,
          segment,
        )
        .map(([path, name, value]) => `${path}?${name}=${value}&${value}`),
      segment.map((text) => `/${text}`),
    );
    await holds(
      fc.asyncProperty(
        address,
        fc.constantFrom('GET', 'HEAD', 'POST') as fc.Arbitrary<'GET' | 'HEAD' | 'POST'>,
        fc.boolean(),
        async (path, method, signedIn) => {
          const answer = await site.send({
            method,
            path: path.slice(0, 10_000),
            ...(signedIn ? { cookie } : {}),
          });
          if (method === 'HEAD' && answer.headers['x-request-id'] === undefined) return;
          site.expectCalm(answer);
          expect(answer.status).not.toBe(503);
          expect(site.takeOutgoing()).toEqual([]);
        },
      ),
      250,
    );
  },
  longestMilliseconds,
);

/** Sends bytes that need not be HTTP, and gives what came back until the connection was closed. */
function sendBytes(bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(site.latchkey.listensAt);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}

test(
  'what is no HTTP, or barely, is answered shortly and does no harm',
  async () => {
    const host = new URL(site.latchkey.baseUrl).host;
    const line = fc.tuple(
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT', 'OPTIONS', 'PROPFIND', 'get', ''),
      fc.oneof(
        fc.constantFrom('/', '/profile', '*', 'http://evil.example/', '//evil.example/', '/login/twitch'),
        fc.string({ unit: 'binary', maxLength: 20 }),
      ),
      fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', ''),
    );
    const headerLine = fc.oneof(
      fc.constantFrom(
        `Host: ${host}`,
        'Host: evil.example',
        'Content-Length: 5',
        'Content-Length: -1',
        'Transfer-Encoding: chunked',
        'Transfer-Encoding: chunked, identity',
        'Expect: 100-continue',
        'Connection: upgrade',
        'Upgrade: websocket',
        'Sec-Fetch-Site: same-origin',
        'Cookie: latchkey=s%3Ax.y',
      ),
      fc.string({ unit: 'binary', maxLength: 30 }),
    );
    await holds(
      fc.asyncProperty(
        line,
        fc.array(headerLine, { maxLength: 5 }),
        fc.string({ maxLength: 30 }),
        async (start, headers, body) => {
          const text = [start.join(' '), ...headers, 'Connection: close', '', body].join('\r\n');
          const answer = await sendBytes(Buffer.from(text, 'latin1'));
          expect(/^(?:$|HTTP\/1\.1 (?!500))/.test(answer)).toBe(true);
          expect(/location: [^\r\n]*evil/i.test(answer)).toBe(false);
          expect(site.latchkey.logLines.splice(0).filter((logged) => logged.includes('"failure"'))).toEqual(
            [],
          );
          expect(site.takeOutgoing()).toEqual([]);
        },
      ),
      80,
    );
  },
  longestMilliseconds,
);
