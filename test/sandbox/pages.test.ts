import { load } from 'cheerio';
import request from 'supertest';
import { pictureKey, seededPeople } from '../../src/sandbox/people.ts';
import { authorizationPath, browserOf, formAddress, locationOf, loginAs, testSandbox } from './support.ts';

describe('every page', () => {
  test.each([
    ['/', 'Sandbox: pretended services', 'Sandbox. This is not a real provider.'],
    [authorizationPath('twitch'), 'Sandbox Twitch: sign in', 'Sandbox. This is not Twitch.'],
    [authorizationPath('kraken'), 'Sandbox Twitch: sign in', 'Sandbox. This is not Twitch.'],
    [authorizationPath('mixer'), 'Sandbox Mixer: sign in', 'Sandbox. This is not Mixer.'],
    [authorizationPath('resonite'), 'Sandbox Resonite: sign in', 'Sandbox. This is not Resonite.'],
    [
      '/mixin.one/oauth/authorize?client_id=nobody',
      'Sandbox Mixin: not possible',
      'Sandbox. This is not Mixin.',
    ],
  ])('%s says what it is, once, and stays out of search engines', async (path, title, banner) => {
    const { app } = await testSandbox();
    const response = await request(app).get(path);
    const page = load(response.text);
    expect([page('title').text(), page('.tape strong').text(), page('h1').length]).toEqual([
      title,
      banner,
      1,
    ]);
    expect(page('input[type=password], [style], style, script:not([src])').length).toBe(0);
    expect(page('meta[name=robots]').attr('content')).toBe('noindex');
  });

  test('has a policy without form-action', async () => {
    const { app } = await testSandbox();
    const policy = (await request(app).get('/')).headers['content-security-policy'];
    expect(policy).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
  });

  test('escapes the odd name and keeps its direction to itself', async () => {
    const { app } = await testSandbox();
    const { text } = await request(app).get(authorizationPath('twitch'));
    expect(text).not.toContain('<b>Ünïcödé');
    expect(load(text)('label bdi').last().text()).toBe(seededPeople[3]!.name);
  });
});

describe('signing in', () => {
  test('shows the request with the state cut short', async () => {
    const { app } = await testSandbox();
    const page = load(
      (await request(app).get(authorizationPath('twitch', { state: 'abcdefghijklmnop' }))).text,
    );
    const row = page('tr:contains("state")').text();
    expect(row).toContain('abcdef… (16 characters)');
    expect(row).not.toContain('abcdefg');
  });

  test('knows no parameter by the name of a member that every object has', async () => {
    const { app, state } = await testSandbox();
    const query = { constructor: '1', toString: '2', __proto__: '3' };
    await request(app).get(authorizationPath('twitch', Object.assign(Object.create(null), query)));
    await request(app).get(`${authorizationPath('mixin', { scope: 'PROFILE:READ' })}&__proto__=1`);
    const received = [...state.pending.values(), ...state.mixinAuthorizations.values()];
    const verdicts = received.flatMap(({ parameters }) => parameters).slice(4);
    expect(verdicts.filter(({ verdict }) => verdict === 'Not known here, ignored').length).toBe(3);
  });

  test('remembers the person, offers another one, and always lets a forced prompt choose', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    await loginAs(browser, authorizationPath('twitch', { scope: 'openid' }), 'bo');
    const again = load((await browser.get(authorizationPath('twitch', { scope: 'bits:read' }))).text);
    expect(again('button[name=person]').text()).toBe('Continue as Bo');
    const another = await browser.get(again('a:contains("Use another person")').attr('href')!);
    expect(load(another.text)('input[name=person]').length).toBe(4);
    const forced = await browser.get(authorizationPath('twitch', { scope: 'openid', force_verify: 'true' }));
    expect(load(forced.text)('input[name=person]:checked').val()).toBe('bo');
    const elsewhere = await browser.get(authorizationPath('mixer'));
    expect(load(elsewhere.text)('button[name=person]').length).toBe(0);
  });

  test('makes the same person from the same name', async () => {
    const sandbox = await testSandbox();
    const signInAsName = async (): Promise<string | undefined> => {
      const browser = browserOf(sandbox);
      const page = await browser.get(authorizationPath('twitch'));
      await browser.post(formAddress(page)).type('form').send({ person: 'ada', name: ' Dörte ' });
      return sandbox.state.people.list().at(-1)?.twitch.id;
    };
    expect(await signInAsName()).toBe(await signInAsName());
    expect(sandbox.state.people.list().length).toBe(5);
    expect(sandbox.state.people.list().at(-1)?.name).toBe('Dörte');
  });

  test('can be reloaded on both pages, and is over once it was answered', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const address = formAddress(await browser.get(authorizationPath('resonite', { scope: 'profile' })));
    expect((await browser.get(address)).status).toBe(200);
    const consent = locationOf(await browser.post(address).type('form').send({ person: 'ada' })).pathname;
    expect([(await browser.get(consent)).status, (await browser.get(consent)).status]).toEqual([200, 200]);
    const first = await browser.post(consent).type('form').send({ answer: 'yes' });
    const second = await browser.post(consent).type('form').send({ answer: 'yes' });
    expect(second.headers['location']).toBe(first.headers['location']);
    expect((await browser.get(consent)).status).toBe(410);
  });

  test('shows consent as Allow and Cancel', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const address = formAddress(
      await browser.get(authorizationPath('mixer', { scope: 'user:details:self' })),
    );
    const chosen = await browser.post(address).type('form').send({ person: 'ada' });
    const page = load((await browser.get(locationOf(chosen).pathname)).text);
    const buttons = page('button[name=answer]').map(
      (_index, button) => `${page(button).text()}=${page(button).val()}`,
    );
    expect([page('h1').text(), buttons.get()]).toEqual(['Latchkey wants to', ['Cancel=no', 'Allow=yes']]);
  });

  test('refuses a person nobody knows', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const address = formAddress(await browser.get(authorizationPath('mixer')));
    expect((await browser.post(address).type('form').send({ person: 'nobody' })).status).toBe(400);
  });
});

describe('pictures', () => {
  const [ada, , cy] = seededPeople;

  test.each([
    `/static-cdn.jtvnw.net/jtv_user_pictures/${pictureKey(ada!)}-profile_image-300x300.png`,
    `/uploads.mixer.com/avatar/${pictureKey(ada!)}.jpg`,
    `/images.mixin.one/${pictureKey(ada!)}=s256`,
    `/assets.resonite.com/${pictureKey(ada!)}`,
  ])('%s is a drawing that other origins may show', async (path) => {
    const { app } = await testSandbox();
    const response = await request(app).get(path);
    expect(response.headers['content-type']).toMatch(/^image\/svg\+xml/);
    expect(response.headers['cross-origin-resource-policy']).toBe('cross-origin');
    expect(String(response.body)).toContain('<svg');
  });

  test('the person without a picture has none', async () => {
    const { app } = await testSandbox();
    expect((await request(app).get(`/images.mixin.one/${pictureKey(cy!)}=s256`)).status).toBe(404);
  });
});

test('the sandbox can live under a path', async () => {
  const { app } = await testSandbox({ baseUrl: 'http://localhost:4000/sandbox' });
  const signIn = await request(app).get(`/sandbox${authorizationPath('twitch')}`);
  expect(formAddress(signIn)).toMatch(/^\/sandbox\/id\.twitch\.tv\/sandbox\//);
  expect((await request(app).get('/sandbox/id.twitch.tv/oauth2/keys')).body.keys.length).toBe(1);
  expect((await request(app).get('/nowhere')).status).toBe(404);
});

test.each(['//', '/%', '/id.twitch.tv/%zz'])('the odd path %s is not a server fault', async (path) => {
  const { app } = await testSandbox();
  expect((await request(app).get(path)).status).toBeLessThan(500);
});
