import { readdirSync, readFileSync } from 'node:fs';
import { request as sendRequest } from 'node:http';
import { join } from 'node:path';
import type { ConfigError } from '../../src/errors.ts';
import { load } from 'cheerio';
import { readConfig } from '../../src/config.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { differences, readRows } from '../support/rows.ts';
import { attack } from './attack.ts';
import { allSpellings, hostileReturnPaths } from './return-paths.ts';
import { type Scene, services, useScenes } from './witness.ts';

const scene = useScenes();

/** Every form of the application that changes something, by the name of its route. */
const forms: Record<string, (id: string) => string> = {
  login: (id) => `/login/${id}`,
  logout: () => '/logout',
  theme: () => '/theme',
  readProfile: (id) => `/profile/${id}/read`,
  unlink: (id) => `/profile/${id}/unlink`,
  replace: () => '/link/replace',
  conflict: () => '/link/conflict',
  endSession: () => '/sessions/some-session/end',
  endOtherSessions: () => '/sessions/end-others',
  deleteAccount: () => '/account/delete',
  checkNow: (id) => `/setup/${id}/check`,
  stepMode: () => '/learn/steps',
};
const formPaths = [
  ...new Set(services.flatMap(([, id]) => Object.values(forms).map((toPath) => toPath(id)))),
];
const formFields = { choice: 'replace', confirmed: 'yes', theme: 'dark', intent: 'link', force: 'true' };

/** Where an authorization request goes to, from the page that leads there. */
function authorizationOf(html: string): URL {
  const content = load(html)('meta[http-equiv=refresh]').attr('content') ?? '';
  return new URL(content.replace(/^0;url=/, ''));
}

attack('START-01', () => {
  const ways: [string, Record<string, string>][] = [
    ['a link', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }],
    ['a picture', { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' }],
    ['a frame', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' }],
    ['a prefetch', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Purpose': 'prefetch' }],
  ];

  test.each(ways)('%s starts nothing at any provider, signed in or not', async (_way, headers) => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer']);
    const watch = await place.watch();
    for (const [, id] of services) {
      for (const query of ['', '?intent=link', '?intent=switch', '?intent=sign-in&force=true']) {
        for (const as of [place.visitor(), visitor]) {
          const answer = await place.request(`/login/${id}${query}`, {
            as,
            headers: { 'Sec-Fetch-Site': 'cross-site', ...headers },
          });
          // With the intent to link there is a page with a button, or the way to sign in first.
          expect([200, 303, 404]).toContain(answer.status);
          if (answer.status === 303) expect(answer.headers['location']).toMatch(/^\/\?return_to=/);
          if (answer.status === 200) expect(answer.text).toContain('Not now');
          expect(answer.text).not.toContain('http-equiv');
          expect(answer.headers['set-cookie']).toBeUndefined();
          expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
        }
      }
    }
    await watch.expectNothing();
  });
});

attack('START-02', () => {
  const origins: [string, Record<string, string>][] = [
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['a sibling site', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://evil.localhost' }],
    ['another port of this host', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://localhost:1' }],
    ['another site in an old browser', { Origin: 'https://evil.example' }],
    ['another scheme of our own host', { Origin: 'https://localhost' }],
  ];

  test.each(origins)(
    'a form of %s is refused everywhere, with cookies and without',
    async (_name, headers) => {
      const place = await scene();
      const visitor = await place.signedIn(['Mixer', 'Twitch']);
      const watch = await place.watch();
      for (const path of formPaths) {
        for (const as of [place.visitor(), visitor]) {
          const answer = await place.request(path, { as, headers, body: formFields });
          expect([path, answer.status]).toEqual([path, 403]);
          expect(load(answer.text)('h1').text()).toBe('This request did not come from our own page');
          expect(answer.headers['set-cookie']).toBeUndefined();
          expect(answer.headers['vary']).toContain('Sec-Fetch-Site');
        }
      }
      await watch.expectNothing();
      expect((await visitor.open(`${place.baseUrl}/profile`)).heading).toBe('Your accounts');
    },
  );
});

attack('START-03', () => {
  const refused: [string, Record<string, string>][] = [
    ['says nothing', {}],
    ['says null', { Origin: 'null' }],
    ['says nonsense', { 'Sec-Fetch-Site': 'bogus' }],
    ['says nonsense beside our Origin', { 'Sec-Fetch-Site': 'bogus', Origin: 'OWN' }],
    ['says that it was typed in', { 'Sec-Fetch-Site': 'none', Origin: 'OWN' }],
    ['says an empty word', { 'Sec-Fetch-Site': '', Origin: 'OWN' }],
    ['says it in other letters', { 'Sec-Fetch-Site': 'Same-Origin' }],
    ['says two things', { 'Sec-Fetch-Site': 'same-origin, cross-site' }],
    ['has an Origin that only begins like ours', { Origin: 'OWN.evil.example' }],
    ['has a Referer alone', { Referer: 'OWN/' }],
  ];

  test('the list of forms is complete', () => {
    const folder = join(import.meta.dirname, '../../src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.startsWith('sandbox'),
    );
    const posted = files.flatMap((name) =>
      [
        ...readFileSync(join(folder, name), 'utf8').matchAll(
          /\.(?:post|put|patch|delete)\(\s*routes\.(\w+)/g,
        ),
      ].map((match) => match[1]!),
    );
    expect([...new Set(posted)].toSorted()).toEqual(Object.keys(forms).toSorted());
  });

  test.each(refused)('a request that %s is refused at every form', async (_what, headers) => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer', 'Twitch']);
    const watch = await place.watch();
    const own = Object.entries(headers).map(([name, value]) => [name, value.replace('OWN', place.baseUrl)]);
    for (const path of formPaths) {
      const answer = await place.request(path, {
        as: visitor,
        headers: Object.fromEntries(own),
        body: formFields,
      });
      expect([path, answer.status]).toEqual([path, 403]);
    }
    await watch.expectNothing();
  });

  test('a method that nobody expects is refused or unknown, never carried out', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Mixer', 'Twitch']);
    const watch = await place.watch();
    for (const method of ['put', 'patch', 'delete']) {
      for (const path of formPaths) {
        const headers = { 'Sec-Fetch-Site': 'cross-site' };
        expect((await place.request(path, { as: visitor, method, headers })).status).toBe(403);
        const own = { 'Sec-Fetch-Site': 'same-origin', 'X-HTTP-Method-Override': 'POST' };
        expect((await place.request(path, { as: visitor, method, headers: own })).status).toBe(404);
      }
    }
    for (const path of formPaths) {
      const headers = { 'Sec-Fetch-Site': 'cross-site', 'X-HTTP-Method-Override': 'POST' };
      const answer = await place.request(`${path}?_method=POST`, { as: visitor, headers });
      expect([200, 303, 404, 410]).toContain(answer.status);
    }
    await watch.expectNothing();
  });

  test('Origin: null passes only when the browser says same-origin, and our pages let it send more', async () => {
    const place = await scene();
    const headers = { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' };
    expect((await place.request('/login/twitch', { headers, body: {} })).status).toBe(200);
    const own = await place.request('/login/twitch', { headers: { Origin: place.baseUrl }, body: {} });
    expect(own.status).toBe(200);
    const page = await place.request('/');
    expect(page.headers['referrer-policy']).toBe('same-origin');
    expect(page.text).not.toMatch(/no-referrer|<meta[^>]+referrer/);
  });
});

attack('START-05', () => {
  /** Which random values a request has, and the rest of its names, by provider. */
  const expected: Record<string, { random: string[]; rest: string }> = {
    twitch: { random: ['state', 'nonce'], rest: 'claims client_id redirect_uri response_type scope' },
    mixin: {
      random: ['state', 'code_challenge'],
      rest: 'client_id code_challenge_method redirect_uri response_type scope',
    },
    resonite: {
      random: ['state', 'code_challenge'],
      rest: 'client_id code_challenge_method redirect_uri response_type scope',
    },
    mixer: { random: ['state'], rest: 'client_id redirect_uri response_type scope' },
  };

  test.each(services)('of %s is exact, and each time fresh', async (_name, id) => {
    const place = await scene();
    const { random, rest } = expected[id]!;
    const starts = [];
    for (let count = 0; count < 6; count++) {
      const answer = await place.post(`/login/${id}`, count % 2 ? place.visitor() : null, {});
      starts.push(authorizationOf(answer.text).searchParams);
    }
    const { provider, scope, clientId } = place.latchkey.config.services.find(
      (one) => one.provider.id === id,
    ) as unknown as {
      provider: { defaultScope: string[]; pkce: string | null };
      scope: string[];
      clientId: string;
    };
    for (const query of starts) {
      const names = [...query.keys()];
      expect(
        names
          .filter((name) => !random.includes(name))
          .toSorted()
          .join(' '),
      ).toBe(rest);
      expect(names).toHaveLength(new Set(names).size);
      expect(query.get('redirect_uri')).toBe(`${place.baseUrl}/login/${id}/callback`);
      expect(query.get('response_type')).toBe('code');
      expect(query.get('client_id')).toBe(clientId);
      expect(query.get('scope')!.split(' ')).toEqual(scope);
      expect(scope).toEqual(provider.defaultScope);
      if (random.includes('code_challenge')) expect(query.get('code_challenge_method')).toBe('S256');
      for (const name of random) expect(query.get(name)).toMatch(/^[\w-]{43}$/);
    }
    const values = starts.flatMap((query) => random.map((name) => query.get(name)));
    expect(new Set(values).size).toBe(values.length);
    // Bits that never change would say that something is not random: of 256, each is seen both ways.
    const bits = starts.map((query) => Buffer.from(query.get('state')!, 'base64url'));
    expect(bits.every((one) => one.length === 32)).toBe(true);
  });

  test.each(services)('of %s takes nothing from the caller', async (_name, id) => {
    const place = await scene();
    const plain = authorizationOf((await place.post(`/login/${id}`, null, {})).text);
    const evil = Object.fromEntries(
      [
        ...['redirect_uri', 'client_id', 'scope', 'state', 'nonce', 'code_challenge', 'response_type'],
        ...[
          'response_mode',
          'code_challenge_method',
          'prompt',
          'request_uri',
          'request',
          'claims',
          'code_verifier',
        ],
      ].map((name) => [name, `https://evil.example/${name}`]),
    );
    const path = `/login/${id}?${new URLSearchParams(evil)}`;
    const answer = await place.post(path, null, evil);
    const asked = authorizationOf(answer.text);
    expect(answer.text).not.toContain('evil.example');
    expect([...asked.searchParams.keys()]).toEqual([...plain.searchParams.keys()]);
    expect(asked.origin + asked.pathname).toBe(plain.origin + plain.pathname);
  });

  test('the hash in the address belongs to a verifier that is sent to the token endpoint alone', async () => {
    const place = await scene();
    for (const name of ['Mixin', 'Resonite']) {
      const visitor = await place.signedIn([name]);
      const { requests } = place.latchkey.sandbox.state;
      const verifier = requests.findLast(({ body }) => body['code_verifier'])!.body['code_verifier'];
      expect(String(verifier).length).toBeGreaterThanOrEqual(43);
      expect(visitor.visited.join(' ')).not.toContain(verifier);
      for (const { clientSecret } of Object.values(madeUpClients)) {
        expect(visitor.visited.join(' ')).not.toContain(clientSecret);
      }
    }
  });
});

attack('START-06', () => {
  const spoofed: Record<string, string> = {
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Port': '666',
    'X-Forwarded-Prefix': '/evil',
    Forwarded: 'for=6.6.6.6;host=evil.example;proto=http',
    'X-Original-URL': 'https://evil.example/',
    'X-Rewrite-URL': 'https://evil.example/',
    'X-Host': 'evil.example',
  };

  /** A request whose target is written out in full, as to a proxy. */
  function absolute(place: Scene, target: string, host: string): Promise<{ status: number; text: string }> {
    const { hostname, port } = new URL(place.latchkey.listensAt);
    return new Promise((resolve, reject) => {
      const headers = { host, 'sec-fetch-site': 'same-origin' };
      const sent = sendRequest(
        { hostname, port, path: target, method: 'POST', headers, agent: false },
        async (answer) => {
          let text = '';
          for await (const chunk of answer) text += chunk;
          resolve({ status: answer.statusCode!, text });
        },
      );
      sent.on('error', reject).end();
    });
  }

  test.each([
    ['no proxy is trusted', {}],
    ['this machine is trusted as a proxy', { TRUSTED_PROXIES: 'loopback' }],
  ])('where %s, headers name no address of ours', async (_title, env) => {
    const place = await scene({ env });
    for (const [, id] of services) {
      const answer = await place.request(`/login/${id}`, {
        headers: { 'Sec-Fetch-Site': 'same-origin', ...spoofed },
        body: {},
      });
      expect(answer.text).not.toMatch(/evil|666/);
      const asked = authorizationOf(answer.text);
      expect(asked.searchParams.get('redirect_uri')).toBe(`${place.baseUrl}/login/${id}/callback`);
      expect(String(answer.headers['set-cookie'])).not.toMatch(/domain|secure/i);
    }
    const visitor = place.visitor();
    const callback = await place.callback(visitor, 'Resonite');
    const finished = await place.request(callback.pathname + callback.search, {
      as: visitor,
      headers: spoofed,
    });
    expect([finished.status, finished.headers['location']]).toEqual([303, '/profile']);
    // An Origin that fits the made-up host is as foreign as any.
    const foreign = { ...spoofed, Origin: 'http://evil.example' };
    expect((await place.request('/logout', { headers: foreign, body: {} })).status).toBe(403);
  });

  test('with https BASE_URL no header takes Secure away', async () => {
    const place = await scene({
      env: { BASE_URL: 'https://login.example.org', TRUSTED_PROXIES: 'loopback', SANDBOX: 'on' },
    });
    const { hostname, port } = new URL(place.latchkey.listensAt);
    const cookies = await new Promise<string>((resolve) => {
      const headers = { host: 'login.example.org', 'sec-fetch-site': 'same-origin', ...spoofed };
      sendRequest(
        { hostname, port, path: '/login/twitch', method: 'POST', headers, agent: false },
        (answer) => {
          answer.resume();
          resolve(String(answer.headers['set-cookie']));
        },
      ).end();
    });
    expect(cookies).toMatch(/^__Host-latchkey-login=.*Secure/);
  });

  test.each([
    'evil.example',
    'localhost',
    'localhost:1',
    '127.0.0.1',
    '',
    'OWN.evil.example',
    'OWN,evil.example',
  ])('the Host %j is not known here: 421, and nothing starts', async (host) => {
    const place = await scene();
    const own = new URL(place.baseUrl).host;
    const watch = await place.watch();
    for (const path of ['/', '/login/twitch/callback?code=x&state=y', '/profile']) {
      const answer = await place.request(path, { headers: { Host: host.replace('OWN', own) } });
      expect([421, 400]).toContain(answer.status);
      expect(answer.text).not.toMatch(/(?:href|src|action|content)="[^"]*evil/);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    const started = await place.request('/login/twitch', {
      headers: { Host: host.replace('OWN', own), 'Sec-Fetch-Site': 'same-origin' },
      body: {},
    });
    expect([421, 400]).toContain(started.status);
    await watch.expectNothing();
  });

  test('a target written out in full changes neither host nor address', async () => {
    const place = await scene();
    const own = new URL(place.baseUrl).host;
    const foreign = await absolute(place, 'http://evil.example/login/twitch', 'evil.example');
    expect(foreign.status).toBe(421);
    const mixed = await absolute(place, 'http://evil.example/login/twitch', own);
    // Express reads the path alone; the address it leads to is still ours.
    if (mixed.status === 200) {
      expect(authorizationOf(mixed.text).searchParams.get('redirect_uri')).toBe(
        `${place.baseUrl}/login/twitch/callback`,
      );
    }
    expect(mixed.text).not.toMatch(/(?:href|src|action|content)="[^"]*evil/);
  });

  test('production does not start without BASE_URL', () => {
    const environment = { NODE_ENV: 'production', SESSION_SECRET: 'x'.repeat(40) };
    let problems: string[] = [];
    try {
      readConfig(environment, madeUpClients);
    } catch (error) {
      problems = (error as ConfigError).problems.map(({ variable }) => variable);
    }
    expect(problems).toContain('BASE_URL');
  });
});

attack('START-07', () => {
  const values = allSpellings(hostileReturnPaths);

  /** Where a browser that stands on `from` would go; it must be here, and written as a plain path. */
  function expectOwn(place: Scene, address: string, from: string, value: string): void {
    const resolved = new URL(address, place.baseUrl + from);
    expect([value, resolved.origin]).toEqual([value, place.baseUrl]);
    expect(address).toMatch(/^\/(?![/\\])[\x21-\x5B\x5D-\x7E]*$/);
    expect(resolved.pathname).not.toMatch(/^\/[/\\]/);
  }

  /** Every address that a page leads to by itself, by a link or by a form, provider pages apart. */
  function addressesOf(html: string): string[] {
    const $ = load(html);
    const attributes = ['href', 'action', 'src'].flatMap((name) =>
      $(`main [${name}], header [${name}], footer [${name}]`)
        .toArray()
        .map((element) => $(element).attr(name)!),
    );
    return attributes.filter((address) => !/^https:\/\/[\w.]+(?:\/[\w-]+)*\/?$/.test(address));
  }

  test('the corpus is large enough', () => {
    expect(hostileReturnPaths.length).toBeGreaterThan(100);
    expect(values.length).toBeGreaterThan(200);
  });

  test('from the start through the callback', async () => {
    const place = await scene({ env: { SANDBOX_AUTO_APPROVE: 'true' } });
    for (const value of values) {
      const visitor = place.visitor();
      const fields = { intent: 'sign-in', return_to: value };
      const start = await place.request('/login/mixer', {
        headers: { 'Sec-Fetch-Site': 'same-origin' },
        body: fields,
      });
      // Longer than a form may be.
      if (start.status === 413) continue;
      visitor.cookies.set('localhost', cookiesOf(start.headers['set-cookie']));
      visitor.stopBefore = /\/callback/;
      await visitor.open(authorizationOf(start.text).href).catch(() => {});
      const callback = visitor.stoppedAt!;
      const finished = await place.request(callback.pathname + callback.search, { as: visitor });
      expect(finished.status).toBe(303);
      expectOwn(place, String(finished.headers['location']), '/login/mixer/callback', value);
    }
  }, 60_000);

  test('from the front page into its forms', async () => {
    const place = await scene();
    for (const value of values) {
      const answer = await place.request(`/?return_to=${encodeURIComponent(value)}`);
      if (answer.status === 431) continue;
      const $ = load(answer.text);
      const kept = $('main input[name=return_to]').toArray();
      for (const input of kept) expectOwn(place, $(input).attr('value')!, '/', value);
      for (const address of addressesOf(answer.text)) {
        if (address.startsWith(place.latchkey.sandboxUrl)) continue;
        expectOwn(place, address.replace(/#.*/, '') || '/', '/', value);
      }
      expect(answer.text).not.toContain('<script>alert');
    }
  }, 60_000);

  test('from the switch of themes', async () => {
    const place = await scene();
    for (const value of values) {
      const answer = await place.post('/theme', null, { theme: 'dark', return_to: value });
      if (answer.status === 413) continue;
      expectOwn(place, String(answer.headers['location']), '/theme', value);
    }
  }, 60_000);

  test('from signing out, which takes none at all', async () => {
    const place = await scene();
    for (const value of values) {
      const path = `/logout?return_to=${encodeURIComponent(value)}`;
      const answer = await place.post(path, null, { return_to: value });
      if (answer.status === 413 || answer.status === 431) continue;
      expect([answer.status, answer.headers['location']]).toEqual([303, '/?signed_out']);
    }
  }, 60_000);

  test('from the page of a login that failed', async () => {
    const place = await scene();
    for (const value of values) {
      const visitor = place.visitor();
      const start = await place.post('/login/mixer', null, { intent: 'sign-in', return_to: value });
      if (start.status === 413) continue;
      visitor.cookies.set('localhost', cookiesOf(start.headers['set-cookie']));
      const state = authorizationOf(start.text).searchParams.get('state');
      const answer = await place.request(`/login/mixer/callback?error=access_denied&state=${state}`, {
        as: visitor,
      });
      expect(load(answer.text)('h1').text()).toBe('You said no at Mixer');
      const $ = load(answer.text);
      for (const input of $('main input[name=return_to]').toArray())
        expectOwn(place, $(input).attr('value')!, '/', value);
      for (const address of addressesOf(answer.text)) {
        expectOwn(place, address, '/login/mixer/callback', value);
        const kept = new URL(address, place.baseUrl).searchParams.get('return_to');
        if (kept !== null) expectOwn(place, kept, '/', value);
      }
    }
  }, 60_000);

  test('as an address of ours itself: no answer leads away', async () => {
    const place = await scene();
    const { hostname, port } = new URL(place.latchkey.listensAt);
    const host = new URL(place.baseUrl).host;
    for (const value of values) {
      // What no client can put on the request line.
      if (!/^[\x21-\x7E]+$/.test(value) || value.length > 4000) continue;
      for (const path of [
        value,
        `/${value}`,
        `/assets/${value}`,
        `/login/${value}`,
        `/learn/source/${value}`,
      ]) {
        if (!path.startsWith('/')) continue;
        const answer = await new Promise<{ status: number; location: string | undefined; text: string }>(
          (resolve, reject) => {
            sendRequest({ hostname, port, path, headers: { host }, agent: false }, async (response) => {
              let text = '';
              for await (const chunk of response) text += chunk;
              resolve({ status: response.statusCode!, location: response.headers.location, text });
            })
              .on('error', reject)
              .end();
          },
        );
        expect([path, answer.status < 500]).toEqual([path, true]);
        if (answer.location !== undefined) expectOwn(place, answer.location, path, value);
        for (const address of answer.status < 400 ? [] : addressesOf(answer.text)) {
          expectOwn(place, address, '/', path);
        }
      }
    }
  }, 60_000);

  test('several at once, or none that is a text, count as none', async () => {
    const place = await scene();
    const several = 'theme=dark&return_to=%2Fhelp&return_to=%2F%2Fevil.example';
    const objects = 'theme=dark&return_to[a]=%2F%2Fevil.example';
    for (const body of [several, objects]) {
      const answer = await place.request('/theme', {
        headers: { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/x-www-form-urlencoded' },
        body,
      });
      expect(answer.headers['location']).toBe('/');
    }
    const page = await place.request('/?return_to=%2Fhelp&return_to=%2F%2Fevil.example');
    expect(page.text).not.toContain('evil.example');
  });

  test('a good path is kept all the way', async () => {
    const place = await scene();
    const visitor = place.visitor();
    await visitor.open(`${place.baseUrl}/?return_to=${encodeURIComponent('/help?a=b')}`);
    const { $ } = visitor.page;
    expect($('main input[name=return_to]').first().attr('value')).toBe('/help?a=b');
  });
});

/** A jar of what an answer sets. */
function cookiesOf(lines: string | string[] | undefined): Map<string, string> {
  const pairs = [lines ?? []].flat().map((line) => line.split(';')[0]!.split('='));
  return new Map(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
}

attack('START-09', () => {
  const starts = 2000;
  const atOnce = 20;

  async function flood(begin: (index: number) => Promise<{ status: number }>): Promise<number[]> {
    const statuses: number[] = [];
    for (let index = 0; index < starts; index += atOnce) {
      const answers = await Promise.all(Array.from({ length: atOnce }, (_, more) => begin(index + more)));
      statuses.push(...answers.map(({ status }) => status));
    }
    return statuses;
  }

  test('2,000 starts of one browser leave ten logins, and nobody else loses one', async () => {
    const place = await scene();
    const [flooding, other] = [place.visitor(), place.visitor()];
    await flooding.open(`${place.baseUrl}/`);
    const first = await place.callback(flooding, 'Resonite');
    const others = await place.callback(other, 'Resonite');
    const statuses = await flood(() => place.post('/login/twitch', flooding));
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    const logins = await place.latchkey.listRecords('login');
    const owners = Map.groupBy(logins, ({ owner }) => owner);
    expect([...owners.values()].map((own) => own.length).toSorted((a, b) => a - b)).toEqual([1, 10]);
    expect((await other.open(others.href)).heading).toBe('Your accounts');
    expect((await flooding.open(first.href)).heading).toBe('We do not know this sign-in');
  }, 60_000);

  test('2,000 starts without a cookie drop nobody’s login, and are gone after their time', async () => {
    const place = await scene();
    const other = place.visitor();
    const callback = await place.callback(other, 'Resonite');
    const before = await readRows(place.latchkey);
    const statuses = await flood(() => place.post('/login/twitch', null));
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    const begun = statuses.filter((status) => status === 200).length;
    const written = differences(before, await readRows(place.latchkey));
    expect(written.filter((what) => what === 'added login').length).toBeLessThanOrEqual(begun);
    expect((await other.open(callback.href)).heading).toBe('Your accounts');
    place.latchkey.advance(71 * 60 * 1000);
    await place.latchkey.records.sweep();
    expect(await place.latchkey.listRecords('login')).toEqual([]);
  }, 60_000);
});
