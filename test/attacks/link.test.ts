import {
  accessTokens,
  anotherTab,
  everythingLinked,
  linkedByAccount,
  listIdentities,
  minutes,
  post,
  pressAndAnswer,
  profile,
} from '../accounts/support.ts';
import { openGrants } from '../sessions/support.ts';
import { answerAtProvider, linkProvider, type Page, type Visitor } from '../support/visitor.ts';
import { attack } from './attack.ts';
import { type Scene, serviceNames, services, useScenes } from './witness.ts';

const scene = useScenes();

const other = (name: string) => (name === 'Mixer' ? 'Twitch' : 'Mixer');
const seen = ({ status, heading }: Page) => [status, heading];

/** Somebody at Mixer (Ada) who links what belongs to somebody else (Bo). */
async function conflict(
  place: Scene,
  name: string,
): Promise<{ visitor: Visitor; owner: Visitor; page: Page }> {
  const owner = await place.signedIn([name], { person: 'Bo' });
  const visitor = await place.signedIn([other(name)], { person: 'Ada' });
  const page = await linkProvider(visitor, place.baseUrl, name, { person: 'Bo' });
  return { visitor, owner, page };
}

attack('LINK-01', () => {
  const evil = {
    provider: 'mixer',
    subject: '101000003',
    account_id: 'evil',
    accountId: 'evil',
    identity_id: 'evil',
    oldIdentityId: 'evil',
    otherAccountId: 'evil',
    email: 'evil@example.test',
    display_name: 'Evil',
    mode: 'live',
    ref: 'evil',
  };

  test.each(serviceNames)('to sign in with %s: the form’s own words are ignored', async (name) => {
    const place = await scene();
    const visitor = place.visitor();
    await visitor.open(`${place.baseUrl}/`);
    await visitor.press(`Continue with ${name}`, evil);
    await answerAtProvider(visitor, place.baseUrl, { person: 'Bo' });
    const [identity, ...more] = await listIdentities(place.latchkey);
    expect(more).toEqual([]);
    expect(identity).toMatchObject({ provider: name.toLowerCase(), mode: 'sandbox' });
    expect(identity!.subject).not.toBe('101000003');
    expect(JSON.stringify(identity)).not.toMatch(/evil/i);
  });

  test('to replace: what is replaced by what comes from the server', async () => {
    const place = await scene();
    const stranger = await place.signedIn(['Mixer'], { person: 'Cy' });
    const visitor = await place.signedIn(['Resonite', 'Twitch'], { person: 'Ada' });
    await profile(place.latchkey, visitor);
    await pressAndAnswer(place.latchkey, visitor, 'Switch Twitch account', { person: 'Bo' });
    const before = await linkedByAccount(place.latchkey);
    await visitor.press('Replace with', evil);
    const after = await linkedByAccount(place.latchkey);
    expect(after).toEqual(
      before.map((linked) => linked.map((one) => one.replace('twitch 10000001', 'twitch 10000002'))),
    );
    expect((await profile(place.latchkey, stranger)).heading).toBe('Your accounts');
  });

  test.each(['keep', 'other', 'move', 'join'])('to decide about a conflict by “%s”', async (choice) => {
    const place = await scene();
    const stranger = await place.signedIn(['Resonite'], { person: 'Cy' });
    const { visitor, owner } = await conflict(place, 'Twitch');
    await linkProvider(owner, place.baseUrl, 'Mixin', { person: 'Bo' });
    await visitor.open(`${place.baseUrl}/link/conflict`);
    const decision = String(visitor.page.$('input[name=decision]').attr('value'));
    const fields = { ...evil, choice, confirmed: 'yes', decision };
    const page = await post(place.latchkey, visitor, '/link/conflict', fields);
    expect(page.heading).toBe('Your accounts');
    const linked = await linkedByAccount(place.latchkey);
    expect(linked).toContainEqual(['resonite U-1NaCySandbox']);
    expect(JSON.stringify(linked)).not.toMatch(/evil/);
    expect((await profile(place.latchkey, stranger)).heading).toBe('Your accounts');
    // And a decision of somebody else cannot be named.
    const theirs = await post(place.latchkey, stranger, '/link/conflict', fields);
    expect(theirs.status).toBe(410);
  });

  test('to unlink or delete: the account is that of the session', async () => {
    const place = await scene();
    const victim = await place.signedIn(['Twitch', 'Mixer'], { person: 'Bo' });
    const visitor = await place.signedIn(['Mixin', 'Resonite'], { person: 'Ada' });
    const [bo] = await listIdentities(place.latchkey);
    const fields = { ...evil, account: bo!.account_id, account_id: bo!.account_id, identity: bo!.id };
    await profile(place.latchkey, visitor);
    await post(place.latchkey, visitor, '/profile/twitch/unlink', fields);
    await post(place.latchkey, visitor, '/account/delete', fields);
    expect((await profile(place.latchkey, victim)).heading).toBe('Your accounts');
    expect((await linkedByAccount(place.latchkey)).flat()).toEqual(
      expect.arrayContaining(['mixer 101000002', 'twitch 10000002']),
    );
  });

  test('to read, to end a session, to check: somebody else’s session cannot be named', async () => {
    const place = await scene();
    const victim = await place.signedIn(['Twitch'], { person: 'Bo' });
    const visitor = await place.signedIn(['Mixer'], { person: 'Ada' });
    const refs = (await place.latchkey.listRecords('session')).map(
      ({ value }) => (JSON.parse(value) as { ref: string }).ref,
    );
    await profile(place.latchkey, visitor);
    for (const ref of refs) await post(place.latchkey, visitor, `/sessions/${ref}/end`, evil);
    expect((await profile(place.latchkey, victim)).heading).toBe('Your accounts');
  });
});

attack('LINK-02', () => {
  test.each(serviceNames)('of %s: 409, nothing moves, nobody is described', async (name) => {
    const place = await scene();
    const owner = await place.signedIn([name], { person: 'Bo' });
    await linkProvider(owner, place.baseUrl, name === 'Resonite' ? 'Mixin' : 'Resonite', { person: 'Zo' });
    const visitor = await place.signedIn([other(name)], { person: 'Ada' });
    const before = await everythingLinked(place.latchkey);
    const theirs = (await listIdentities(place.latchkey)).filter(
      ({ display_name }) => !/^Ada/.test(display_name),
    );
    const page = await linkProvider(visitor, place.baseUrl, name, { person: 'Bo' });
    expect(seen(page)).toEqual([409, `This ${name} account is linked to another account here`]);
    expect(page.text).toContain('Nothing has been changed.');
    expect(await everythingLinked(place.latchkey)).toBe(before);
    for (const { id, account_id, subject, display_name, provider } of theirs) {
      for (const secret of [id, account_id, subject]) expect(page.html).not.toContain(secret);
      if (provider !== name.toLowerCase())
        expect(page.$('main').text()).not.toContain(display_name.slice(0, 12));
    }
    expect((await profile(place.latchkey, owner)).heading).toBe('Your accounts');
    expect((await profile(place.latchkey, visitor)).text).toContain(`Link ${name}`);
  });
});

attack('LINK-03', () => {
  test.each(serviceNames)(
    'fifty first sign-ins with %s make one account',
    async (name) => {
      const place = await scene({ env: { SANDBOX_AUTO_APPROVE: 'true', INSPECTOR: 'off' } });
      const node = await place.startNode({ SANDBOX_AUTO_APPROVE: 'true', INSPECTOR: 'off' });
      const browsers = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const visitor = place.visitor();
          return { visitor, callback: await place.callback(visitor, name) };
        }),
      );
      const answers = await Promise.all(
        browsers.map(({ visitor, callback }, index) =>
          place.request(callback.pathname + callback.search, {
            as: visitor,
            ...(index % 2 ? { at: node } : {}),
          }),
        ),
      );
      expect(
        answers
          .map(({ status }) => status)
          .filter((status) => status !== 303 && status !== 409 && status !== 503),
      ).toEqual([]);
      expect(answers.filter(({ status }) => status === 303).length).toBeGreaterThan(0);
      const identities = await listIdentities(place.latchkey);
      expect(identities).toHaveLength(1);
      const accounts = await place.latchkey.database.selectFrom('accounts').select('id').execute();
      expect(accounts).toEqual([{ id: identities[0]!.account_id }]);
    },
    60_000,
  );

  test.each(serviceNames)(
    'two accounts that link one of %s: one has it, the other is asked',
    async (name) => {
      const place = await scene();
      const visitors = [
        await place.signedIn([other(name)], { person: 'Ada' }),
        await place.signedIn([other(name)], { person: 'Cy' }),
      ] as const;
      const callbacks = [
        await place.linkCallback(visitors[0], name, { person: 'Bo' }),
        await place.linkCallback(visitors[1], name, { person: 'Bo' }),
      ] as const;
      const pages = await Promise.all([
        visitors[0].open(callbacks[0].href),
        visitors[1].open(callbacks[1].href),
      ]);
      expect(pages.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const linked = await linkedByAccount(place.latchkey);
      expect(linked.map((one) => one.length).toSorted()).toEqual([1, 2]);
    },
  );
});

attack('LINK-04', () => {
  const late = minutes(31);

  test.each(services)('linking %s from an old session asks first', async (name, id) => {
    const place = await scene();
    const visitor = await place.signedIn([other(name)]);
    place.latchkey.advance(late);
    await profile(place.latchkey, visitor);
    const watch = await place.watch();
    const page = await post(place.latchkey, visitor, `/login/${id}`, { intent: 'link', force: 'true' });
    expect(seen(page)).toEqual([403, 'Confirm that it is you']);
    expect(watch.sent()).toEqual([]);
    expect(await watch.written()).toEqual([]);
  });

  test.each(services)(
    'unlinking %s from an old session asks first, and only this account’s identity counts',
    async (name, id) => {
      const place = await scene();
      const visitor = await place.signedIn([other(name), name]);
      place.latchkey.advance(late);
      await profile(place.latchkey, visitor);
      const before = await everythingLinked(place.latchkey);
      const attempt = () =>
        post(place.latchkey, visitor, `/profile/${id}/unlink`, { confirmed: 'yes', mode: 'sandbox' });
      expect(seen(await attempt())).toEqual([403, 'Confirm that it is you']);
      // An identity of nobody, and one of another account, at the same provider and at another.
      await place.signedIn([other(name)], { person: 'Cy' });
      const linked = JSON.parse(await everythingLinked(place.latchkey)) as unknown[][];
      for (const [at, person] of [
        [name, 'Bo'],
        [other(name), 'Cy'],
        [other(name), 'Bo'],
      ] as const) {
        await attempt();
        forgetProvider(visitor);
        const page = await pressAndAnswer(place.latchkey, visitor, `Sign in with ${at} as`, { person });
        expect(seen(page)).toEqual([409, `You came back as another ${at} account`]);
        await profile(place.latchkey, visitor);
        expect(seen(await attempt())).toEqual([403, 'Confirm that it is you']);
      }
      expect(JSON.parse(await everythingLinked(place.latchkey))[0]).toEqual(linked[0]);
      expect(before).toBeTruthy();
      // A sign-in that the form calls a confirmation, at a provider that is not linked here.
      const third = name === 'Resonite' ? 'mixin' : 'resonite';
      await profile(place.latchkey, visitor);
      await post(place.latchkey, visitor, `/login/${third}`, { intent: 'reauthenticate' });
      forgetProvider(visitor);
      if (visitor.page.url.origin !== place.baseUrl)
        await answerAtProvider(visitor, place.baseUrl, { person: 'Bo' });
      expect(visitor.page.status).toBe(409);
      // The right one does.
      await profile(place.latchkey, visitor);
      await attempt();
      forgetProvider(visitor);
      await pressAndAnswer(place.latchkey, visitor, `Sign in with ${other(name)} as`, { person: 'Ada' });
      expect(visitor.page.heading).toBe(`Unlink ${name}?`);
      await visitor.press(`Unlink ${name}`);
      expect((await linkedByAccount(place.latchkey)).flat()).not.toContain(
        (await listIdentities(place.latchkey)).find(({ provider }) => provider === id)?.subject ?? 'gone',
      );
    },
  );

  test('a confirmation in one session does nothing for another', async () => {
    const place = await scene();
    const [visitor, elsewhere] = [await place.signedIn(['Mixer', 'Twitch']), await place.signedIn(['Mixer'])];
    place.latchkey.advance(late);
    await visitor.open(`${place.baseUrl}/account/delete`);
    await pressAndAnswer(place.latchkey, visitor, 'Sign in with Mixer as', { person: 'Ada' });
    expect(visitor.page.heading).toBe('Delete your account here?');
    expect(seen(await elsewhere.open(`${place.baseUrl}/account/delete`))).toEqual([
      403,
      'Confirm that it is you',
    ]);
  });
});

/** At the provider nobody is signed in any more: cookies of another site on the same host name. */
function forgetProvider(visitor: Visitor): void {
  const jar = visitor.cookies.get('localhost')!;
  for (const cookie of [...jar.keys()]) if (!cookie.startsWith('latchkey')) jar.delete(cookie);
}

attack('LINK-05', () => {
  test.each(services)('the last one, of %s, stays', async (name, id) => {
    const place = await scene();
    const visitor = await place.signedIn([name]);
    const before = await everythingLinked(place.latchkey);
    await profile(place.latchkey, visitor);
    const page = await post(place.latchkey, visitor, `/profile/${id}/unlink`, {
      confirmed: 'yes',
      mode: 'sandbox',
    });
    expect(seen(page)).toEqual([409, `${name} is your only way in`]);
    expect(await everythingLinked(place.latchkey)).toBe(before);
    expect((await profile(place.latchkey, visitor)).heading).toBe('Your accounts');
  });

  test.each([1, 2, 3])('of two at once one goes (%s)', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Twitch', 'Resonite']);
    await profile(place.latchkey, visitor);
    const node = await place.startNode();
    const tabs = [anotherTab(visitor), anotherTab(visitor)];
    const send = (id: string, index: number) =>
      place.request(`/profile/${id}/unlink`, {
        as: tabs[index]!,
        headers: { 'Sec-Fetch-Site': 'same-origin' },
        body: { confirmed: 'yes', mode: 'sandbox' },
        ...(index ? { at: node } : {}),
      });
    const answers = await Promise.all([send('twitch', 0), send('resonite', 1)]);
    expect(answers.filter(({ status }) => status === 303).length).toBeLessThanOrEqual(1);
    expect(await linkedByAccount(place.latchkey)).toEqual([[expect.any(String)]]);
  });

  test('neither moving nor replacing takes the last one from anybody', async () => {
    const place = await scene();
    const { visitor, owner } = await conflict(place, 'Twitch');
    const decision = String(visitor.page.$('input[name=decision]').attr('value'));
    const page = await post(place.latchkey, visitor, '/link/conflict', {
      choice: 'move',
      confirmed: 'yes',
      decision,
    });
    expect(page.status).toBe(422);
    expect((await profile(place.latchkey, owner)).heading).toBe('Your accounts');
    expect((await linkedByAccount(place.latchkey)).map((one) => one.length)).toEqual([1, 1]);
  });
});

attack('LINK-07', () => {
  test.each(services)('who unlinked %s and signs in with it gets a new account', async (name, id) => {
    const place = await scene();
    const visitor = await place.signedIn([other(name), name]);
    const elsewhere = await place.signedIn([name]);
    const kept = (await listIdentities(place.latchkey)).find(({ provider }) => provider !== id)!;
    await profile(place.latchkey, visitor);
    await visitor.press(`Unlink ${name}`);
    await visitor.press(`Unlink ${name}`);
    // Sessions that came in by it are over, its tokens are gone here, and there where that is offered.
    const node = await place.startNode();
    const answer = await place.request('/profile', { as: elsewhere, at: node });
    expect([answer.status, answer.headers['location']]).toEqual([303, '/?return_to=%2Fprofile']);
    const grants = await place.latchkey.listRecords('grant');
    expect(grants).toHaveLength(1);
    if (name === 'Twitch') expect(accessTokens(place.latchkey, 'twitch')).toEqual([]);
    const again = await place.signedIn([name]);
    expect((await profile(place.latchkey, again)).text).toContain(`Link ${other(name)}`);
    const accounts = await linkedByAccount(place.latchkey);
    expect(accounts.map((linked) => linked.length)).toEqual([1, 1]);
    expect((await listIdentities(place.latchkey)).find(({ id: one }) => one === kept.id)).toEqual(kept);
  });

  test('a deleted account is over everywhere within a second, and leaves nothing', async () => {
    const place = await scene();
    const visitor = await place.signedIn(['Twitch', 'Mixin', 'Resonite', 'Mixer']);
    const others = [await place.signedIn(['Twitch']), await place.signedIn(['Mixer'])];
    const late = anotherTab(visitor);
    const link = await place.linkCallback(others[1]!, 'Twitch').catch(() => null);
    expect(link).toBeNull();
    await visitor.open(`${place.baseUrl}/account/delete`);
    const node = await place.startNode();
    await visitor.press('Delete my account');
    const deletedAt = performance.now();
    for (const who of [late, ...others]) {
      for (const at of [undefined, node]) {
        const answer = await place.request('/profile', { as: who, ...(at ? { at } : {}) });
        expect([answer.status, answer.headers['location']]).toEqual([303, '/?return_to=%2Fprofile']);
        const data = await place.request('/account/data.json', { as: who, ...(at ? { at } : {}) });
        expect(data.status).toBe(303);
      }
    }
    expect(performance.now() - deletedAt).toBeLessThan(2000);
    expect(await place.accounts()).toEqual([]);
    expect(await openGrants(place.latchkey)).toEqual([]);
    expect(await place.latchkey.listRecords('session')).toEqual([]);
    expect(accessTokens(place.latchkey, 'twitch')).toEqual([]);
    const again = await place.signedIn(['Twitch']);
    expect((await profile(place.latchkey, again)).text).toContain('Link Mixer');
  });
});
