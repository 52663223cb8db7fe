import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAuthorizationResponse, readState } from '../../src/oauth/authorization-response.ts';
import { createClient } from '../../src/oauth/client.ts';
import { LoginError } from '../../src/errors.ts';
import { minutes, tabBeside } from '../sessions/support.ts';
import { answerAtProvider, captureCallback, type Visitor } from '../support/visitor.ts';
import { attack } from './attack.ts';
import { serviceNames, services, type Scene, useScenes } from './witness.ts';

const scene = useScenes();

const security = readFileSync(join(import.meta.dirname, '../../docs/security.md'), 'utf8');

/** The cookie of the session, as the browser has it now. */
const sessionOf = (visitor: Visitor) => visitor.cookies.get('localhost')?.get('latchkey');

async function expectProfileOf(place: Scene, visitor: Visitor, words: string): Promise<void> {
  const page = await visitor.open(`${place.baseUrl}/profile`);
  expect(page.heading).toBe('Your accounts');
  expect(page.text).toContain(words);
}

attack('CB-01', () => {
  test.each(services)('of %s: 400 with a way to start again, nothing sent, no session', async (name, id) => {
    const place = await scene();
    const known = await place.callback(place.visitor(), name);
    const madeUp = `/login/${id}/callback?code=x&state=${'A'.repeat(43)}`;
    const watch = await place.watch();
    for (const path of [known.pathname + known.search, madeUp]) {
      const page = await place.visitor().open(place.baseUrl + path);
      expect(page.status).toBe(400);
      expect(page.text).toContain('Start again');
      expect(page.headers['set-cookie']).toBeUndefined();
    }
    await watch.expectNothing();
  });
});

attack('CB-02', () => {
  test.each(services)(
    'of %s: 400 for a victim with a login of their own under way, and for one who is signed in',
    async (name, id) => {
      const place = await scene();
      const attacker = place.visitor();
      const callback = await place.callback(attacker, name, { person: 'Cy' });
      const strangers = [place.visitor(), await place.signedIn(['Twitch', 'Mixer'])];
      await place.callback(strangers[0]!, name);
      const sessions = strangers.map(sessionOf);
      const watch = await place.watch();
      for (const victim of strangers) {
        const answer = await place.request(callback.pathname + callback.search, { as: victim });
        expect(answer.status).toBe(400);
        expect(answer.headers['set-cookie']).toBeUndefined();
      }
      await watch.expectNothing();
      expect(strangers.map(sessionOf)).toEqual(sessions);
      await expectProfileOf(place, strangers[1]!, 'Ada');
      const failed = watch.logged().filter(({ msg }) => msg === 'login.fail');
      expect(failed.map(({ code, provider }) => [code, provider])).toEqual(
        Array(2).fill(['state_unknown', id]),
      );
    },
  );
});

attack('CB-02', () => {
  test('a cookie that the attacker has planted beside the victim’s own is not believed', async () => {
    const place = await scene();
    const [attacker, victim] = [place.visitor(), place.visitor()];
    const callback = await place.callback(attacker, 'Resonite', { person: 'Cy' });
    await place.callback(victim, 'Resonite');
    const bindingOf = (visitor: Visitor) => visitor.cookies.get('localhost')!.get('latchkey-login')!;
    const [planted, own] = [bindingOf(attacker), bindingOf(victim)];
    const watch = await place.watch();
    for (const pair of [
      [planted, own],
      [own, planted],
      [planted, planted],
    ]) {
      const Cookie = pair.map((value) => `latchkey-login=${value}`).join('; ');
      const answer = await place.request(callback.pathname + callback.search, { headers: { Cookie } });
      expect(answer.status).toBe(400);
    }
    await watch.expectNothing();
  });
});

attack('CB-03', () => {
  const none = ['code=x', 'code=x&state=', 'code=x&state=undefined', 'code=x&state=null', 'code=x&state[]=a'];
  const changes: [string, (state: string) => string][] = [
    ['one character changed', (state) => (state[0] === 'A' ? 'B' : 'A') + state.slice(1)],
    ['its last character changed', (state) => state.slice(0, -1) + (state.endsWith('A') ? 'Q' : 'A')],
    ['its case changed', (state) => state.replace(/[a-zA-Z]/g, (one) => swapCase(one))],
    ['its end cut off', (state) => state.slice(0, -1)],
    ['something appended', (state) => `${state}A`],
    ['a space before it', (state) => ` ${state}`],
    ['a zero byte at its end', (state) => `${state}\u0000`],
    ['a second encoding', (state) => encodeURIComponent(encodeURIComponent(`${state}=`))],
    ['padding', (state) => `${state}=`],
  ];
  const swapCase = (letter: string) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();

  test.each(services)(
    'none at %s, in a fresh browser and in one with a login under way',
    async (name, id) => {
      const place = await scene();
      const busy = place.visitor();
      await place.callback(busy, name);
      const watch = await place.watch();
      for (const query of none) {
        for (const as of [place.visitor(), busy]) {
          const answer = await place.request(`/login/${id}/callback?${query}`, { as });
          expect([query, answer.status]).toEqual([query, 400]);
        }
      }
      await watch.expectNothing();
    },
  );

  test.each(services)('altered at %s: 400 each time, and the login is still good', async (name) => {
    const place = await scene();
    const visitor = place.visitor();
    const callback = await place.callback(visitor, name);
    const watch = await place.watch();
    for (const [what, change] of changes) {
      const altered = new URL(callback);
      altered.searchParams.set('state', change(callback.searchParams.get('state')!));
      const answer = await place.request(altered.pathname + altered.search, { as: visitor });
      expect([what, answer.status]).toEqual([what, 400]);
    }
    await watch.expectNothing();
    expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
  });

  test('what is stored is found by the hash of the state and does not hold it', async () => {
    const place = await scene();
    const visitor = place.visitor();
    const callback = await place.callback(visitor, 'Resonite');
    const state = callback.searchParams.get('state')!;
    const [login] = await place.latchkey.listRecords('login');
    expect(login!.key).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(login)).not.toContain(state);
    // A copy of the database does not give out a state: the key is not one.
    const guess = `/login/resonite/callback?code=x&state=${login!.key}`;
    const answer = await place.request(guess, { as: visitor });
    expect([answer.status, answer.text.includes('We do not know this sign-in')]).toEqual([400, true]);
  });
});

attack('CB-04', () => {
  test.each(services)(
    'one after the other at %s: used once, and who is signed in is sent home',
    async (name) => {
      const place = await scene();
      const visitor = place.visitor();
      const callback = await place.callback(visitor, name);
      await visitor.open(callback.href);
      expect(visitor.page.heading).toBe('Your accounts');
      const watch = await place.watch();
      for (let count = 0; count < 3; count++) {
        const page = await visitor.open(callback.href);
        expect([page.status, page.heading]).toEqual([400, 'This sign-in was already finished']);
        expect(page.text).toContain('Go to your accounts');
      }
      expect(watch.sent()).toEqual([]);
      expect(await watch.written()).toEqual([]);
      await expectProfileOf(place, visitor, 'Ada');
    },
  );

  test.each(services)(
    'twenty at once at two processes, with %s: one token request, one session',
    async (name) => {
      const place = await scene();
      const visitor = place.visitor();
      const callback = await place.callback(visitor, name);
      const node = await place.startNode();
      const watch = await place.watch();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          place.request(callback.pathname + callback.search, {
            as: visitor,
            ...(index % 2 ? { at: node } : {}),
          }),
        ),
      );
      const statuses = answers.map(({ status }) => status).toSorted();
      expect(statuses).toEqual([303, ...Array(19).fill(400)]);
      expect(answers.filter(({ text }) => text.includes('already finished'))).toHaveLength(19);
      expect(watch.sent().filter((sent) => /token$/.test(sent))).toHaveLength(1);
      expect(await place.latchkey.listRecords('session')).toHaveLength(1);
      expect(await place.accounts()).toHaveLength(1);
    },
  );
});

attack('CB-05', () => {
  async function inject(name: string, env: Record<string, string> = {}) {
    const place = await scene({ env });
    const victim = await place.callback(place.visitor(), name, { person: 'Bo' });
    const attacker = place.visitor();
    const own = await place.callback(attacker, name, { person: 'Cy' });
    own.searchParams.set('code', victim.searchParams.get('code')!);
    const page = await attacker.open(own.href);
    return { place, page, attacker };
  }

  test.each([
    ['Resonite', 'PKCE', 'token_request_refused'],
    ['Mixin', 'PKCE with its own hash', 'token_request_refused'],
    ['Twitch', 'the nonce', 'id_token_invalid'],
  ])('%s: %s stops it', async (name, _what, code) => {
    const { place, page, attacker } = await inject(name);
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.text).toContain(code);
    expect(await place.accounts()).toEqual([]);
    expect(sessionOf(attacker)).toBeUndefined();
    expect(await place.latchkey.listRecords('session')).toEqual([]);
    // With the code of one’s own login it works.
    const again = await place.callback(attacker, name, { person: 'Cy' });
    expect((await attacker.open(again.href)).heading).toBe('Your accounts');
  });

  test.each([
    ['Mixer', {}, /Mixer\b.*only `?state/],
    ['Mixin', { MIXIN_CLIENT_AUTH: 'secret' }, /Mixin with a client secret.*only `?state/],
    ['Twitch', { TWITCH_SCOPES: 'user:read:email' }, /Twitch without `?openid.*only `?state/],
  ])('%s has nothing that could: the gap is written down', async (name, env, row) => {
    const { page, place } = await inject(name, env as Record<string, string>);
    expect(page.heading).toBe('Your accounts');
    expect(await place.accounts()).toHaveLength(1);
    expect(security).toMatch(row);
  });
});

attack('CB-06', () => {
  const pairs = services.flatMap((from) =>
    services.filter((to) => to !== from).map((to) => [from, to] as const),
  );

  test.each(pairs)(
    'from %p to %p: 400, spent, and neither token endpoint is asked',
    async ([name, id], [, other]) => {
      const place = await scene();
      const visitor = place.visitor();
      const callback = await place.callback(visitor, name);
      const watch = await place.watch();
      const page = await visitor.open(callback.href.replace(`/login/${id}/`, `/login/${other}/`));
      expect(page.status).toBe(400);
      expect(page.heading).toMatch(/does not fit$/);
      expect((await visitor.open(callback.href)).heading).toBe('This sign-in was already finished');
      expect(watch.sent()).toEqual([]);
      expect(await watch.written()).toEqual(['changed login']);
      expect(sessionOf(visitor)).toBeUndefined();
    },
  );
});

attack('CB-07', () => {
  const wrong: [string, (issuer: string) => string[]][] = [
    ['another', () => ['https://issuer.invalid']],
    [
      'one with a slash more or less',
      (issuer) => [issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`],
    ],
    ['one in other letters', (issuer) => [issuer.toUpperCase()]],
    ['one with a port written out', (issuer) => [`${issuer}:443`]],
    ['an empty one', () => ['']],
    ['the right one twice', (issuer) => [issuer, issuer]],
    ['the right one and another', (issuer) => [issuer, 'https://issuer.invalid']],
    ['another and the right one', (issuer) => ['https://issuer.invalid', issuer]],
  ];
  const issuerOf = (place: Scene, id: string) =>
    place.latchkey.config.services.find(({ provider }) => provider.id === id)!.provider.issuer;

  describe.each(services)('%s', (name, id) => {
    test.each(wrong)('%s is refused before anybody is asked', async (_what, toIssuers) => {
      const place = await scene();
      const visitor = place.visitor();
      const callback = await place.callback(visitor, name);
      for (const iss of toIssuers(issuerOf(place, id))) callback.searchParams.append('iss', iss);
      const watch = await place.watch();
      const page = await visitor.open(callback.href);
      expect([page.status, page.heading]).toEqual([400, `The answer from ${name} does not fit`]);
      expect(watch.sent()).toEqual([]);
      expect(await place.accounts()).toEqual([]);
    });

    test('the right one is no harm, although nobody announces it', async () => {
      const place = await scene();
      const visitor = place.visitor();
      const callback = await place.callback(visitor, name);
      callback.searchParams.set('iss', issuerOf(place, id));
      expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
    });
  });

  test('a provider that announces it has to send it, with an error too', async () => {
    const place = await scene();
    const { provider } = place.latchkey.config.services.find((one) => one.provider.id === 'resonite')!;
    const client = createClient({
      provider: { ...provider, announcesIssuer: true },
      mode: 'sandbox',
      clientId: 'id',
      clientSecret: null,
      redirectUri: `${place.baseUrl}/login/resonite/callback`,
      scope: [],
    });
    const read = (query: string) => () => readAuthorizationResponse(client, new URLSearchParams(query));
    const iss = encodeURIComponent(provider.issuer);
    expect(read('code=x')).toThrow('iss is missing');
    expect(read('error=access_denied')).toThrow('iss is missing');
    expect(read(`code=x&iss=${iss}x`)).toThrow('iss is not the issuer');
    expect(read(`code=x&iss=${iss}`)()).toEqual({ code: 'x', iss: provider.issuer });
    const twice = () => readState(new URLSearchParams(`state=${'A'.repeat(43)}&iss=${iss}&iss=${iss}`));
    expect(twice).toThrow(LoginError);
    expect(twice).toThrow('iss is repeated');
    await client.http.close();
  });
});

attack('CB-10', () => {
  test.each(services)(
    'after eleven minutes at %s: too long, nothing sent, nothing left of it',
    async (name) => {
      const place = await scene();
      const visitor = place.visitor();
      const callback = await place.callback(visitor, name);
      place.latchkey.advance(minutes(11));
      const watch = await place.watch();
      for (let count = 0; count < 2; count++) {
        const page = await visitor.open(callback.href);
        expect([page.status, page.heading]).toEqual([400, 'That took too long']);
        expect(page.text).toContain('Start again');
      }
      expect(watch.sent()).toEqual([]);
      // A note without secrets stands in its place for an hour, to say why.
      expect((await place.latchkey.listRecords('login')).map(({ value }) => value)).toEqual(['gone:expired']);
      expect(await place.accounts()).toEqual([]);
    },
  );

  test('ten minutes are still in time', async () => {
    const place = await scene();
    const visitor = place.visitor();
    const callback = await place.callback(visitor, 'Resonite');
    place.latchkey.advance(minutes(10) - 2000);
    expect((await visitor.open(callback.href)).heading).toBe('Your accounts');
  });

  test.each(services)('a link to %s whose session has ended for want of use meanwhile', async (name) => {
    const place = await scene({ env: { SESSION_IDLE_HOURS: '1' } });
    const visitor = await place.signedIn([name === 'Twitch' ? 'Mixer' : 'Twitch']);
    const callback = await place.linkCallback(visitor, name);
    const before = await place.accounts();
    place.latchkey.advance(minutes(61));
    const watch = await place.watch();
    expect((await visitor.open(callback.href)).heading).toBe('That took too long');
    expect(watch.sent()).toEqual([]);
    expect(await place.accounts()).toEqual(before);
  });

  test('a link in time whose session has reached its absolute limit is refused', async () => {
    const place = await scene({ env: { SESSION_ABSOLUTE_DAYS: '1', REAUTH_MINUTES: '1440' } });
    const visitor = await place.signedIn(['Mixer']);
    place.latchkey.advance(minutes(24 * 60 - 5));
    const callback = await place.linkCallback(visitor, 'Resonite');
    place.latchkey.advance(minutes(6));
    const watch = await place.watch();
    const page = await visitor.open(callback.href);
    expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
    expect(watch.sent()).toEqual([]);
    expect(await place.accounts()).toEqual([['mixer 101000001']]);
  });
});

attack('CB-11', () => {
  const signOut = async (place: Scene, visitor: Visitor) => {
    await visitor.open(`${place.baseUrl}/profile`);
    await visitor.press('Sign out');
  };
  const other = (name: string) => (name === 'Mixer' ? 'Twitch' : 'Mixer');

  test.each(serviceNames)('(a) a link to %s begun as one account, finished as another', async (name) => {
    const place = await scene();
    const visitor = await place.signedIn([other(name)]);
    const callback = await place.linkCallback(visitor, name);
    const linked = await place.accounts();
    await signOut(place, visitor);
    const third = serviceNames.find((one) => one !== name && one !== other(name))!;
    await place.callback(visitor, third, { person: 'Cy' }).then((own) => visitor.open(own.href));
    const before = await place.accounts();
    expect(before).toHaveLength(linked.length + 1);
    const watch = await place.watch();
    const page = await visitor.open(callback.href);
    expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
    await watch.expectNothing();
    expect(await place.accounts()).toEqual(before);
  });

  test.each(serviceNames)('(a) the same without signing out in between', async (name) => {
    const place = await scene();
    const visitor = await place.signedIn([other(name)]);
    const callback = await place.linkCallback(visitor, name);
    const elsewhere = await place.signedIn([other(name)], { person: 'Cy' });
    visitor.cookies.get('localhost')!.set('latchkey', sessionOf(elsewhere)!);
    const before = await place.accounts();
    const page = await visitor.open(callback.href);
    expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
    expect(await place.accounts()).toEqual(before);
  });

  test.each(serviceNames)('(b) a link to %s, finished after signing out', async (name) => {
    const place = await scene();
    const visitor = await place.signedIn([other(name)]);
    const callback = await place.linkCallback(visitor, name);
    await signOut(place, visitor);
    const watch = await place.watch();
    const page = await visitor.open(callback.href);
    expect([page.status, page.heading]).toEqual([409, 'You are not signed in as before']);
    await watch.expectNothing();
    expect(sessionOf(visitor)).toBeUndefined();
  });

  test.each(serviceNames)(
    '(c) a sign-in with %s that ends while another account is signed in',
    async (name) => {
      const place = await scene();
      const visitor = place.visitor();
      const first = await place.callback(visitor, name, { person: 'Ada' });
      const second = tabBeside(visitor);
      await place.callback(second, other(name), { person: 'Cy' }).then((own) => second.open(own.href));
      const session = sessionOf(visitor);
      const page = await visitor.open(first.href);
      expect(page.heading).toBe('Your accounts');
      expect(sessionOf(visitor)).not.toBe(session);
      // Two accounts with one identity each: nothing has joined anything.
      expect((await place.accounts()).map((linked) => linked.length)).toEqual([1, 1]);
      expect(await place.latchkey.listRecords('session')).toHaveLength(1);
      expect(page.text).toContain(`Signed in with ${name}`);
    },
  );
});

attack('CB-12', () => {
  test.each(services)(
    'for %s: the victim agrees there, and the attacker’s account gains nothing',
    async (name, id) => {
      const place = await scene();
      const attacker = await place.signedIn([name === 'Mixer' ? 'Twitch' : 'Mixer'], { person: 'Cy' });
      await attacker.open(`${place.baseUrl}/profile`);
      attacker.stopBefore = /authorize|oauth\?|oauth\/authorize/;
      await attacker.press(`Link ${name}`);
      const authorizeUrl = attacker.stoppedAt!;
      attacker.stopBefore = null;
      const before = await place.accounts();
      for (const victim of [place.visitor(), await place.signedIn([name], { person: 'Bo' })]) {
        const accounts = await place.accounts();
        const callback = await callbackFrom(victim, authorizeUrl, name);
        const watch = await place.watch();
        const answer = await place.request(callback.pathname + callback.search, { as: victim });
        expect(answer.status).toBe(400);
        expect(answer.headers['set-cookie']).toBeUndefined();
        await watch.expectNothing();
        expect(await place.accounts()).toEqual(accounts);
      }
      expect(await place.accounts()).toEqual(expect.arrayContaining(before));
      // What the attacker sees of it, if the address comes back to them, is their own account unchanged.
      await expectProfileOf(place, attacker, `Link ${name}`);
      expect(id).toBeTruthy();
    },
  );

  /** What a victim does who was sent the provider’s address. */
  async function callbackFrom(victim: Visitor, authorizeUrl: URL, name: string): Promise<URL> {
    victim.stopBefore = /\/callback\?/;
    victim.stoppedAt = null;
    await victim.open(authorizeUrl.href);
    if (victim.stoppedAt === null) {
      // Ends with an error of ours: the callback is kept, not visited.
      await answerAtProvider(victim, 'http://never.invalid', { person: 'Bo' }).catch(() => {});
    }
    victim.stopBefore = null;
    if (victim.stoppedAt === null) throw new Error(`no callback from ${name}`);
    return victim.stoppedAt;
  }
});

attack('CB-13', () => {
  /** Starts by the form alone, so that three answers are on their way at once. */
  function startBeside(place: Scene, tab: Visitor, name: string): Promise<URL> {
    const id = name.toLowerCase();
    const start = async () => {
      await tab.open(`${place.baseUrl}/help`);
      return tab.submit(
        'post',
        new URL(`${place.baseUrl}/login/${id}`),
        new URLSearchParams({ intent: 'sign-in' }),
      );
    };
    return captureCallback(tab, start, place.baseUrl);
  }

  test.each([
    ['signed in', true],
    ['with a login behind it', false],
  ])('in a browser %s, three that start at once finish in reverse order', async (_what, signedIn) => {
    const place = await scene();
    const visitor = signedIn ? await place.signedIn(['Mixer']) : place.visitor();
    if (!signedIn) await place.callback(visitor, 'Mixer');
    const tabs = [tabBeside(visitor), tabBeside(visitor), tabBeside(visitor)];
    place.visitors.push(...tabs);
    const names = ['Twitch', 'Twitch', 'Mixin'];
    const callbacks = await Promise.all(tabs.map((tab, index) => startBeside(place, tab, names[index]!)));
    for (const index of [2, 1, 0]) {
      const page = await tabs[index]!.open(callbacks[index]!.href);
      expect(page.heading).toBe('Your accounts');
    }
    expect(new Set(callbacks.map(({ searchParams }) => searchParams.get('state'))).size).toBe(3);
  });

  test('in a browser without any cookie of ours the last of three at once finishes, and no other browser’s', async () => {
    const place = await scene();
    const visitor = place.visitor();
    await visitor.open(`${place.baseUrl}/`);
    const tabs = [tabBeside(visitor), tabBeside(visitor), tabBeside(visitor)];
    place.visitors.push(...tabs);
    const callbacks = await Promise.all(tabs.map((tab) => startBeside(place, tab, 'Twitch')));
    const headings = [];
    for (const [index, callback] of callbacks.entries())
      headings.push((await tabs[index]!.open(callback.href)).heading);
    expect(headings.filter((heading) => heading === 'Your accounts').length).toBeGreaterThanOrEqual(1);
    expect(
      headings.filter((heading) => !/^Your accounts$|^We do not know this sign-in$/.test(heading)),
    ).toEqual([]);
  });
});

attack('CB-15', () => {
  test.each(services)('of %s: on to a clean address, kept by no cache, with nothing in it', async (name) => {
    const place = await scene();
    const visitor = place.visitor();
    const callback = await place.callback(visitor, name);
    const watch = await place.watch();
    const answer = await place.request(callback.pathname + callback.search, { as: visitor });
    expect(answer.status).toBe(303);
    expect(answer.headers).toMatchObject({
      location: '/profile',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
    });
    const [code, state] = ['code', 'state'].map((parameter) => callback.searchParams.get(parameter)!);
    expect(JSON.stringify(answer)).not.toContain(code!);
    expect(JSON.stringify(answer)).not.toContain(state!);
    const logged = JSON.stringify(watch.logged());
    expect(logged).toContain('"outcome":"create-account"');
    expect(logged).not.toMatch(/code=|state=|callback\?/);
    expect(logged).not.toContain(state!);
  });

  test.each(services)('the page after %s loads nothing from strangers', async (name) => {
    const place = await scene();
    const visitor = place.visitor();
    const callback = await place.callback(visitor, name);
    const { page } = { page: await visitor.open(callback.href) };
    expect(page.url.search).toBe('');
    const loaded = page
      .$('[src], link[href], object[data], [srcset]')
      .toArray()
      .map((element) => page.$(element).attr('src') ?? page.$(element).attr('href') ?? '');
    const foreign = loaded.filter((address) => new URL(address, page.url).origin !== page.url.origin);
    // The picture is the provider's own, and gets no Referer from us.
    const pictures = page
      .$('main img')
      .toArray()
      .map((image) => page.$(image).attr('src'));
    expect(foreign.filter((address) => !pictures.includes(address))).toEqual([]);
    expect(foreign.filter((address) => !address.startsWith(place.latchkey.sandboxUrl))).toEqual([]);
    expect(page.headers['referrer-policy']).toBe('same-origin');
    expect(page.html).not.toContain(callback.searchParams.get('code'));
  });

  test('the page of a login that failed has neither code nor state in it', async () => {
    const place = await scene();
    const visitor = place.visitor();
    const callback = await place.callback(visitor, 'Resonite');
    const page = await place.visitor().open(callback.href);
    expect(page.status).toBe(400);
    for (const parameter of ['code', 'state']) {
      expect(page.html).not.toContain(callback.searchParams.get(parameter));
    }
  });
});
