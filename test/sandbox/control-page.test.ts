import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'cheerio';
import request from 'supertest';
import { until } from '../support/until.ts';
import { faultNames } from '../../src/sandbox/faults.ts';
import { personFromName, seededPeople } from '../../src/sandbox/people.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { markOf } from '../../src/sandbox/state.ts';
import { peopleBrowser, press, textOf, tryIt } from './control-support.ts';
import {
  authorizationPath,
  baseUrl,
  browserOf,
  loginAs,
  registrations,
  testSandbox,
  type TestSandbox,
} from './support.ts';
import { appTokenFor } from './twitch-support.ts';

/** Somebody signed in everywhere, so that there is something of each kind. */
async function usedSandbox(person = 'ada'): Promise<TestSandbox> {
  const sandbox = await testSandbox();
  for (const api of ['twitch', 'mixer', 'mixin', 'resonite']) {
    await tryIt(peopleBrowser(sandbox), api, person);
  }
  return sandbox;
}

const partOf = (html: string, id: string): string => textOf(html, `section[aria-labelledby=${id}]`);

describe('the page', () => {
  test('has its parts in order, with a way to each, and says what is empty', async () => {
    const { app } = await testSandbox({ registrations: [] });
    const { text } = await request(app).get('/');
    const page = load(text);
    const ways = page('nav a')
      .toArray()
      .map((way) => page(way).attr('href'));
    expect(ways).toEqual(
      page('h2')
        .toArray()
        .map((heading) => `#${page(heading).attr('id')}`),
    );
    expect(partOf(text, 'access')).toContain('No application has access.');
    expect(partOf(text, 'tokens')).toContain('No token was issued.');
    expect(partOf(text, 'requests')).toContain('No request has come in.');
    expect(partOf(text, 'faults')).toContain('No fault is on.');
  });

  test('names every service with its endpoints and a way to try it', async () => {
    const { app } = await testSandbox();
    const { text } = await request(app).get('/');
    const page = load(text);
    const ways = page('a:contains("Try it")')
      .toArray()
      .map((way) => page(way).attr('href'));
    const apis = ['twitch', 'kraken', 'mixer', 'mixin', 'resonite'];
    expect(ways).toEqual(apis.map((api) => `${baseUrl}/try/${api}`));
    for (const path of [
      'id.twitch.tv/oauth2/token',
      'api.twitch.tv/kraken/user',
      'mixer.com/oauth/authorize',
    ])
      expect(partOf(text, 'services')).toContain(`${baseUrl}/${path}`);
  });

  test('says that nothing survives a restart, unless there is a file, and then what does', async () => {
    const { app } = await testSandbox();
    expect((await request(app).get('/')).text).toContain('Nothing here survives a restart.');
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-page-'));
    const kept = await testSandbox({ stateFile: join(folder, 'sandbox.json') });
    const text = textOf((await request(kept.app).get('/')).text);
    expect(text).toContain('People, tokens, codes and grants are kept in sandbox.json until Reset');
    expect(text).not.toContain('survives');
    expect(text).not.toContain(folder);
    await kept.close();
    await rm(folder, { recursive: true });
  });

  test('what is done on it is kept in the file at once, where there is one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-page-'));
    const stateFile = join(folder, 'sandbox.json');
    const sandbox = await testSandbox({ stateFile });
    await request(sandbox.app).post('/control/people').type('form').send({ name: 'Dora' });
    await until(() => existsSync(stateFile) && readFileSync(stateFile, 'utf8').includes('Dora'));
    await sandbox.close();
    const next = await testSandbox({ stateFile });
    expect((await request(next.app).get('/')).text).toContain('Dora');
    await next.close();
    await rm(folder, { recursive: true });
  });

  test('shows made-up secrets and no others', async () => {
    const configured = registrations.map((entry) =>
      entry.service === 'mixer'
        ? { ...entry, clientSecret: 'that-somebody-configured' }
        : entry.service === 'mixin'
          ? { ...entry, clientSecret: null }
          : entry,
    );
    const { app } = await testSandbox({ registrations: configured });
    const applications = partOf((await request(app).get('/')).text, 'applications');
    expect(applications).toContain(`${madeUpClients.twitch.clientSecret}, made up`);
    expect(applications).not.toContain('that-somebody-configured');
    expect(applications).toContain('set, not shown');
    expect(applications).toContain('Client secret none');
  });

  test('leaves out every value of a code or a token, and every value that was sent', async () => {
    const sandbox = await usedSandbox();
    const { state } = sandbox;
    await request(sandbox.app).post('/id.twitch.tv/oauth2/token?code=in-the-query').type('form').send({
      client_id: 'nobody',
      code: 'in-the-body',
    });
    const { text } = await request(sandbox.app).get('/');
    const values = [...state.codes.keys(), ...state.accessTokens.keys(), ...state.refreshTokens.keys()];
    expect(values.length).toBeGreaterThan(8);
    for (const value of [...values, ...state.pending.keys(), 'in-the-query', 'in-the-body'])
      expect(text).not.toContain(value);
  });

  test('works under a path', async () => {
    const sandbox = await testSandbox({ baseUrl: 'http://localhost:4000/below' });
    const browser = peopleBrowser(sandbox);
    const page = await browser.get('/below/');
    expect(textOf((await press(browser, page, 'Save', { stepMode: 'yes' })).text)).toContain('Saved.');
    expect(load(page.text)('a:contains("Add a person")').attr('href')).toBe('/below/control/people');
  });
});

describe('people on the page', () => {
  const fields = { name: ' Dora ', email: 'dora@example.test', phone: '+15550100009', hasPicture: 'yes' };

  test('are added with ids of their own, and the page says so once', async () => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    const page = await press(browser, await browser.get('/control/people'), 'Add', fields);
    expect(textOf(page.text, '#done')).toBe('Dora is added.');
    expect(textOf(page.text, 'title')).toBe('Sandbox: Dora is added.');
    expect(textOf((await browser.get('/?notice=1')).text)).not.toContain('is added');
    expect(sandbox.state.people.list().at(-1)).toMatchObject({
      name: 'Dora',
      email: 'dora@example.test',
      hasPicture: true,
      phone: '+15550100009',
      note: 'verified e-mail, picture',
    });
  });

  test('may have the same name and are still two', async () => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    for (let count = 0; count < 2; count += 1)
      await press(browser, await browser.get('/control/people'), 'Add', { ...fields, email: '' });
    const [first, second] = sandbox.state.people.list().slice(-2);
    expect([first?.name, second?.name, second?.email]).toEqual(['Dora', 'Dora', null]);
    expect(first?.id).not.toBe(second?.id);
    expect(first?.twitch.id).not.toBe(second?.twitch.id);
  });

  test('keep their ids when they are edited, and have new usernames with a new name', async () => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    const before = sandbox.state.people.get('ada');
    const form = await browser.get('/control/people/ada');
    const changes = { name: 'Adela', email: '', phone: '', hasPicture: null };
    expect(textOf((await press(browser, form, 'Save', changes)).text, '#done')).toBe('Adela is changed.');
    const after = sandbox.state.people.get('ada');
    expect(after).toMatchObject({ name: 'Adela', email: null, phone: '', hasPicture: false });
    expect(after.note).toBe('no e-mail, no picture');
    const ids = ({ id, twitch, mixer, mixin, resonite }: typeof after) => [
      id,
      twitch.id,
      mixer.id,
      mixer.channelId,
      mixin,
      resonite.id,
    ];
    expect(ids(after)).toEqual(ids(before));
    expect([after.twitch.login, after.mixer.username, after.resonite.username]).toEqual([
      personFromName('Adela').twitch.login,
      personFromName('Adela').mixer.username,
      'Adela',
    ]);
  });

  test('keep their usernames when the name stays', async () => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    await press(browser, await browser.get('/control/people/zoe'), 'Save', { phone: '' });
    const { note: _note, ...before } = seededPeople[3]!;
    expect(sandbox.state.people.get('zoe')).toMatchObject({ ...before, phone: '' });
  });

  test.each([
    ['', '', '', ['Enter a name.']],
    ['x'.repeat(201), '', '', ['The name may have up to 200 characters.']],
    ['Dora', 'dora', '12', ['Enter an e-mail address', 'Enter a phone number']],
  ])('are refused with words, and what was typed stays: %s %s %s', async (name, email, phone, words) => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    const form = await browser.get('/control/people');
    const page = await press(browser, form, 'Add', { name, email, phone, hasPicture: null });
    const $ = load(page.text);
    expect([page.status, textOf(page.text, 'title')]).toEqual([400, 'Error: Sandbox: add a person']);
    const links = $('[role=alert] a').toArray();
    expect(links.map((link) => $(link).text())).toEqual(words.map((each) => expect.stringContaining(each)));
    for (const link of links) {
      const field = $($(link).attr('href')!);
      expect(field.attr('aria-invalid')).toBe('true');
      const described = field
        .attr('aria-describedby')!
        .split(' ')
        .map((id) => $(`#${id}`).text());
      expect(described[0]).toContain($(link).text());
    }
    const values = ['#person-name', '#person-email', '#person-phone'].map((id) => $(id).val());
    expect(values).toEqual([name, email, phone]);
    expect($('[name=hasPicture]').attr('checked')).toBeUndefined();
    expect(sandbox.state.people.list().length).toBe(4);
  });

  test('that nobody knows cannot be edited', async () => {
    const browser = peopleBrowser(await testSandbox());
    for (const response of [
      await browser.get('/control/people/nobody'),
      await browser.post('/control/people/nobody').type('form').send({ name: 'Dora' }),
    ]) {
      expect(response.status).toBe(404);
      expect(textOf(response.text, 'main')).toContain('There is no person with this id.');
    }
  });

  test('are shown up to sixty, the newest among them', async () => {
    const { app, state } = await testSandbox();
    for (let count = 0; count < 70; count += 1) state.people.fromName(`Person ${count}`);
    const people = partOf((await request(app).get('/')).text, 'people');
    expect(people).toContain('Person 69');
    expect(people).not.toContain('Person 3 ');
    expect(people).toContain('And 14 more.');
  });

  test('have faces that leave no mark in the log', async () => {
    const { app, state } = await testSandbox();
    const page = load((await request(app).get('/')).text);
    const face = await request(app).get(page('img.face').first().attr('src')!);
    expect([face.status, face.headers['content-type']]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    expect(state.requests).toEqual([]);
    expect((await request(app).get('/control/faces/nobody')).status).toBe(404);
  });
});

describe('access on the page', () => {
  test('names person, application and scopes in words, and is removed by a button', async () => {
    const sandbox = await usedSandbox();
    const browser = peopleBrowser(sandbox);
    const page = await browser.get('/');
    expect(partOf(page.text, 'access')).toContain('Read your e-mail address user:read:email');
    const after = await press(browser, page, 'Remove access of Try it to Ada at Twitch');
    expect(textOf(after.text, '#done')).toBe(
      'Try it has no access at Twitch any more, and its tokens are dead.',
    );
    expect(sandbox.state.listAccess().map(({ service }) => service)).not.toContain('twitch');
    expect(sandbox.state.listAccess().length).toBe(3);
  });

  test('that is not there cannot be removed', async () => {
    const browser = peopleBrowser(await testSandbox());
    const form = { service: 'twitch', clientId: 'nobody', personId: 'ada' };
    const page = await browser.post('/control/access/remove').type('form').send(form);
    expect(page.status).toBe(404);
    expect(textOf(page.text, '[role=alert]')).toContain('no access to remove');
  });
});

describe('tokens on the page', () => {
  test('end by a button, one by its mark', async () => {
    const sandbox = await usedSandbox();
    const browser = peopleBrowser(sandbox);
    const { value } = [...sandbox.state.accessTokens.values()].at(-1)!;
    const page = await browser.get('/');
    const words = `Expire now the token of Try it for Ada at Resonite, ${markOf(value)}`;
    const after = await press(browser, page, words);
    expect(textOf(after.text, '#done')).toBe('The token has ended.');
    expect(sandbox.state.accessTokens.get(value)!.expiresAt).toBe(sandbox.clock.milliseconds);
    expect(partOf(after.text, 'tokens')).toContain('Ended');
    await expect(press(browser, after, words)).rejects.toThrow('There is no button');
  });

  test('of one service end together, and the others go on', async () => {
    const sandbox = await usedSandbox();
    const browser = peopleBrowser(sandbox);
    await press(browser, await browser.get('/'), 'Expire all of Mixer');
    const now = sandbox.clock.milliseconds;
    const over = [...sandbox.state.accessTokens.values()].filter(({ expiresAt }) => expiresAt <= now);
    expect(over.map(({ service }) => service)).toEqual(['mixer']);
  });

  test('of an application itself are there, and end with the others of the service', async () => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    const { access_token: token } = await appTokenFor(sandbox);
    const page = await browser.get('/');
    expect(partOf(page.text, 'tokens')).toContain('Nobody: the application’s own Twitch Latchkey none');
    const after = await press(browser, page, 'Expire all of Twitch');
    expect(partOf(after.text, 'tokens')).toContain('Ended');
    expect(partOf(after.text, 'tokens')).not.toContain('Expire');
    expect(sandbox.state.appTokens.get(token)!.expiresAt).toBe(sandbox.clock.milliseconds);
  });

  test('with another mark are not there', async () => {
    const sandbox = await usedSandbox();
    const page = await peopleBrowser(sandbox).post('/control/tokens/expire').type('form').send({ mark: 'x' });
    expect(page.status).toBe(404);
    expect(
      [...sandbox.state.accessTokens.values()].every(
        ({ expiresAt }) => expiresAt > sandbox.clock.milliseconds,
      ),
    ).toBe(true);
  });

  test('are shown up to fifty', async () => {
    const sandbox = await testSandbox();
    const { state } = sandbox;
    await tryIt(peopleBrowser(sandbox), 'twitch');
    const [token] = state.accessTokens.values();
    for (let count = 0; count < 60; count += 1)
      state.accessTokens.set(`copy-${count}`, { ...token!, value: `copy-${count}` });
    const { text } = await request(sandbox.app).get('/');
    expect(load(text)('section[aria-labelledby=tokens] tbody tr').length).toBe(50);
    expect(partOf(text, 'tokens')).toContain('And 11 older ones.');
  });
});

describe('faults on the page', () => {
  test('are switched on for all requests or the next, at a service or a host, and off again', async () => {
    const { state, ...sandbox } = await testSandbox();
    const browser = browserOf({ state, ...sandbox });
    const first = await press(browser, await browser.get('/'), 'Switch on', {
      at: 'mixin',
      name: 'token_500',
    });
    expect(textOf(first.text, '#done')).toBe('The fault token_500 is on.');
    const change = { at: 'api.twitch.tv', name: 'userinfo_401', reach: 'next' };
    const second = await press(browser, first, 'Switch on', change);
    expect(textOf(second.text, '#done')).toBe('The fault userinfo_401 is on for the next request.');
    expect(state.faults.list()).toEqual([{ at: 'mixin', name: 'token_500', reach: 'all' }, change]);
    expect(partOf(second.text, 'faults')).toContain(
      'the profile refuses every access token the next request',
    );
    const third = await press(browser, second, 'Switch off token_500 at Mixin');
    expect(state.faults.list()).toEqual([change]);
    await press(browser, third, 'Switch all off');
    expect(state.faults.list()).toEqual([]);
  });

  test.each([
    [{ at: 'mixin', name: 'id_token_expired' }, 'Mixin cannot have the fault id_token_expired.', 'name'],
    [{ at: 'nowhere', name: 'token_500' }, 'Choose a service or a host.', 'at'],
    [{ at: 'mixer', name: 'constructor' }, 'Choose a fault by its name.', 'name'],
    [{ at: 'mixer', name: 'token_500', reach: 'some' }, 'reach is all or next.', 'reach'],
  ])('that cannot be are refused: %j', async (change, words, field) => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const page = await press(browser, await browser.get('/'), 'Switch on', change);
    const $ = load(page.text);
    expect([page.status, textOf(page.text, 'title')]).toEqual([400, 'Error: Sandbox: pretended services']);
    expect($('[role=alert] a').text()).toContain(words);
    expect($('[role=alert] a').attr('href')).toBe(`#faults-${field}`);
    expect($(`#faults-${field}`).length).toBe(1);
    expect(sandbox.state.faults.list()).toEqual([]);
  });

  test('that were refused stay chosen', async () => {
    const browser = browserOf(await testSandbox());
    const change = { at: 'mixin', name: 'id_token_expired', reach: 'next' };
    const $ = load((await press(browser, await browser.get('/'), 'Switch on', change)).text);
    expect([$('#faults-at').val(), $('#faults-name').val(), $('[name=reach][checked]').val()]).toEqual([
      'mixin',
      'id_token_expired',
      'next',
    ]);
  });

  test('are all offered, and all in the table', async () => {
    const { app } = await testSandbox();
    const page = load((await request(app).get('/')).text);
    const values = page('#faults-name option')
      .toArray()
      .map((option) => page(option).attr('value'));
    const rows = page('details [aria-label="All faults"] tbody th code').toArray();
    expect(values.toSorted()).toEqual(faultNames.toSorted());
    expect(rows.map((row) => page(row).text()).toSorted()).toEqual(faultNames.toSorted());
  });
});

describe('how it answers, on the page', () => {
  test('is saved, and shown as it was saved', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const change = {
      autoApprove: 'yes',
      autoApproveAs: 'bo',
      autoApproveScopes: ' openid  user:read:email ',
      stepMode: 'yes',
    };
    const page = await press(browser, await browser.get('/'), 'Save', change);
    expect(sandbox.state.settings).toEqual({
      autoApprove: true,
      autoApproveAs: 'bo',
      autoApproveScopes: ['openid', 'user:read:email'],
      stepMode: true,
    });
    const $ = load(page.text);
    expect([$('[name=autoApprove][checked]').val(), $('#answers-autoApproveAs').val()]).toEqual([
      'yes',
      'bo',
    ]);
    expect($('#answers-autoApproveScopes').val()).toBe('openid user:read:email');
    expect($('[name=stepMode]').attr('checked')).toBe('checked');
    const back = { autoApprove: 'no', autoApproveAs: '', autoApproveScopes: '', stepMode: null };
    await press(browser, page, 'Save', back);
    expect(sandbox.state.settings).toEqual({
      autoApprove: false,
      autoApproveAs: null,
      autoApproveScopes: null,
      stepMode: false,
    });
  });

  test('keeps a person who was named from outside', async () => {
    const sandbox = await testSandbox({ settings: { autoApproveAs: 'Grace Hopper' } });
    const browser = browserOf(sandbox);
    await press(browser, await browser.get('/'), 'Save');
    expect(sandbox.state.settings.autoApproveAs).toBe('Grace Hopper');
  });

  test('refuses a scope nobody has, and keeps what was typed', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    const change = { autoApproveScopes: 'openid no:such', stepMode: 'yes', autoApproveAs: 'cy' };
    const page = await press(browser, await browser.get('/'), 'Save', change);
    const $ = load(page.text);
    expect([page.status, $('[role=alert] a').text()]).toEqual([
      400,
      'No service here has the scope no:such.',
    ]);
    expect($('#answers-autoApproveScopes').val()).toBe('openid no:such');
    expect([$('[name=stepMode]').attr('checked'), $('#answers-autoApproveAs').val()]).toEqual([
      'checked',
      'cy',
    ]);
    expect(sandbox.state.settings.stepMode).toBe(false);
  });
});

describe('the request log on the page', () => {
  test('says what came, what was thought of it, which rule was broken and which faults were met', async () => {
    const sandbox = await testSandbox();
    sandbox.state.faults.set('mixer', 'token_500', 'next');
    const post = (path: string) =>
      request(sandbox.app).post(path).type('form').send({ grant_type: 'refresh_token' });
    await post('/mixer.com/api/v1/oauth/token');
    await post('/id.twitch.tv/oauth2/token?client_id=nobody');
    const { text } = await request(sandbox.app).get('/');
    const rows = load(text)('section[aria-labelledby=requests] tbody tr')
      .toArray()
      .map((_row, index) =>
        textOf(text, `section[aria-labelledby=requests] tbody tr:nth-child(${index + 1})`),
      );
    expect(rows.length).toBe(2);
    expect(rows[0]).toContain('POST id.twitch.tv/oauth2/token refresh_token 400');
    expect(rows[0]).toContain('Check: the client id is registered.');
    expect(rows[0]).toContain('In the address: client_id');
    expect(rows[0]).toContain('In the body: grant_type');
    expect(rows[1]).toContain('Fault: token_500, the token endpoint answers 500');
  });

  test('holds what reached the pretended hosts and nothing else', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    for (const path of [
      '/',
      '/api',
      '/api/requests',
      '/control/people',
      '/assets/latchkey.css',
      '/favicon.ico',
    ])
      await browser.get(path);
    await browser.patch('/api/settings').send({ stepMode: false });
    expect(sandbox.state.requests).toEqual([]);
    await browser.get('/elsewhere/token');
    await browser.get('/ID.twitch.tv/oauth2/keys');
    expect(sandbox.state.requests.map(({ host }) => host)).toEqual(['elsewhere', 'id.twitch.tv']);
  });

  test('shows a hundred, keeps odd names short, and is emptied by a button', async () => {
    const sandbox = await testSandbox();
    const browser = browserOf(sandbox);
    for (let count = 0; count < 120; count += 1) await browser.get('/elsewhere');
    const odd = new URLSearchParams(
      Array.from({ length: 50 }, (_, index): [string, string] => [`<b>${index}`, 'x']),
    );
    await browser.get(`/elsewhere?${odd}`);
    const page = await browser.get('/');
    expect(load(page.text)('section[aria-labelledby=requests] tbody tr').length).toBe(100);
    expect(partOf(page.text, 'requests')).toContain('The newest 100 of 121.');
    expect(partOf(page.text, 'requests')).toContain('<b>39, and 10 more');
    expect(page.text).not.toContain('<b>3');
    await press(browser, page, 'Empty the log');
    expect(sandbox.state.requests).toEqual([]);
  });

  test('leaves ids out of paths', async () => {
    const sandbox = await testSandbox();
    await loginAs(browserOf(sandbox), authorizationPath('twitch'));
    const text = partOf((await request(sandbox.app).get('/')).text, 'requests');
    expect(text).toContain('POST id.twitch.tv/sandbox/…/consent');
  });
});

test('Reset on the page makes everything as it was', async () => {
  const sandbox = await usedSandbox();
  const { state } = sandbox;
  const browser = browserOf(sandbox);
  state.people.fromName('Somebody');
  state.faults.set('mixer', 'token_500');
  state.settings.stepMode = true;
  const page = await press(browser, await browser.get('/'), 'Reset everything');
  expect(textOf(page.text, '#done')).toBe('The sandbox is as it was at the start.');
  expect([state.people.list().length, state.accessTokens.size, state.listAccess().length]).toEqual([4, 0, 0]);
  expect([state.requests, state.faults.list(), state.settings.stepMode]).toEqual([[], [], false]);
});

describe('a form from elsewhere', () => {
  const refused: Record<string, string>[] = [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://127.0.0.1' },
    { Origin: 'http://evil.test' },
    { Origin: 'null' },
  ];
  const paths = [
    '/control/reset',
    '/control/people',
    '/control/people/ada',
    '/control/faults/on',
    '/control/settings',
    '/api/reset',
  ];

  test.each(refused)('is refused: %j', async (headers) => {
    const { app, state } = await testSandbox();
    state.settings.stepMode = true;
    for (const path of paths) {
      const response = await request(app).post(path).set(headers).type('form').send({ name: 'Eve' });
      expect([path, response.status]).toEqual([path, 403]);
      expect(response.text).toContain('of another site');
    }
    expect((await request(app).delete('/api/faults').set(headers)).status).toBe(403);
    expect([state.settings.stepMode, state.people.list().length]).toEqual([true, 4]);
    expect(state.people.get('ada').name).toBe('Ada');
  });

  test.each<Record<string, string>>([
    {},
    { 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'none' },
    { Origin: 'http://sandbox.test:4000' },
  ])('of the page itself or a script is not: %j', async (headers) => {
    const { app, state } = await testSandbox({ baseUrl: 'http://sandbox.test:4000' });
    state.settings.stepMode = true;
    const response = await request(app)
      .post('/control/reset')
      .set({ Host: 'sandbox.test:4000', ...headers });
    expect([response.status, state.settings.stepMode]).toEqual([303, false]);
  });

  test('may still ask to see', async () => {
    const { app } = await testSandbox();
    expect((await request(app).get('/').set('Sec-Fetch-Site', 'cross-site')).status).toBe(200);
  });
});
