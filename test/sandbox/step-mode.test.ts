import { load } from 'cheerio';
import type { Response } from 'supertest';
import { htmlFirst, peopleBrowser, textOf } from './control-support.ts';
import {
  authorizationPath,
  authorizationPaths,
  type Browser,
  callbackOf,
  formAddress,
  locationOf,
  loginAs,
  mixinLogin,
  testSandbox,
} from './support.ts';

const apis = Object.keys(authorizationPaths) as (keyof typeof authorizationPaths)[];
const withConsent = apis.filter((api) => api !== 'mixin');
const arrival = 'The application sent your browser here';
const departure = 'Next: back to the application';
const scopeOf = (api: string): string | null => (api === 'mixin' ? 'PROFILE:READ' : null);
const pathOf = (api: (typeof apis)[number]): string => authorizationPath(api, { scope: scopeOf(api) });
const callbackAt = (api: string): string =>
  callbackOf(api === 'kraken' ? 'twitch' : (api as Parameters<typeof callbackOf>[0]));

const headingOf = ({ text }: Response): string => textOf(text, 'h1');
const nextOf = ({ text }: Response): string => load(text)('a.main').attr('href') ?? '';

function goOn(browser: Browser, page: Response): Promise<Response> {
  return browser.get(nextOf(page));
}

describe('step mode', () => {
  test.each(apis)('%s: stops at the arrival and before the way back, when a person answers', async (api) => {
    const sandbox = await testSandbox({ settings: { stepMode: true } });
    const browser = peopleBrowser(sandbox);
    const first = await browser.get(pathOf(api));
    expect([first.status, headingOf(first)]).toEqual([200, arrival]);
    const asked = await goOn(browser, first);
    const last = api === 'mixin' ? await approveOnPhone(browser, asked) : await answer(browser, asked);
    expect([last.status, headingOf(last)]).toEqual([200, departure]);
    expect(nextOf(last)).toMatch(new RegExp(`^${callbackAt(api)}\\?code=[^&]+&.*state=the-state`));
  });

  async function answer(browser: Browser, asked: Response): Promise<Response> {
    const chosen = await browser.post(formAddress(asked)).type('form').send({ person: 'bo' });
    const consent = await browser.get(locationOf(chosen).pathname);
    return browser.post(formAddress(consent)).type('form').send({ answer: 'yes' });
  }

  async function approveOnPhone(browser: Browser, waiting: Response): Promise<Response> {
    const phone = load(waiting.text)('a:contains("Open on this device")').attr('href')!;
    await browser.get(phone);
    const body = { answer: 'yes', person: 'bo', scope: 'PROFILE:READ' };
    return browser.get(locationOf(await browser.post(phone).type('form').send(body)).pathname);
  }

  test.each(apis)('%s: stops twice when nobody is asked', async (api) => {
    const sandbox = await testSandbox({ autoApprove: true, settings: { stepMode: true } });
    const browser = peopleBrowser(sandbox);
    const first = await browser.get(pathOf(api));
    expect(headingOf(first)).toBe(arrival);
    const last = await goOn(browser, first);
    expect(headingOf(last)).toBe(departure);
    expect(new URL(nextOf(last)).searchParams.has('code')).toBe(true);
  });

  test.each(withConsent)('%s: stops twice for somebody who agreed before', async (api) => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    await loginAs(browser, pathOf(api));
    sandbox.state.settings.stepMode = true;
    const first = await browser.get(pathOf(api));
    expect(headingOf(first)).toBe(arrival);
    expect(headingOf(await goOn(browser, first))).toBe(departure);
  });

  test.each(apis)('%s: stops before the way back with an error, too', async (api) => {
    const sandbox = await testSandbox({ settings: { stepMode: true } });
    sandbox.state.faults.set(api === 'kraken' ? 'twitch' : api, 'authorize_server_error');
    const refused = await peopleBrowser(sandbox).get(pathOf(api));
    expect([refused.status, headingOf(refused)]).toEqual([200, departure]);
    expect(new URL(nextOf(refused)).searchParams.get('error')).toBe('server_error');
    expect(textOf(refused.text)).toContain('with an error instead of a code');
    expect(sandbox.state.requests.at(-1)?.verdict).toContain('server_error');
  });

  test('an answer in the fragment is explained as well', async () => {
    const sandbox = await testSandbox({ autoApprove: true, settings: { stepMode: true } });
    const browser = peopleBrowser(sandbox);
    const first = await browser.get(authorizationPath('twitch', { response_type: 'token' }));
    const last = await goOn(browser, first);
    expect(headingOf(last)).toBe(departure);
    expect(textOf(last.text, 'tbody')).toContain('access_token');
    expect(textOf(last.text, 'tbody')).toContain('the implicit grant, which nobody should use any more.');
  });

  test.each(apis)('%s: does not stop a script', async (api) => {
    const sandbox = await testSandbox({ autoApprove: true, settings: { stepMode: true } });
    for (const accept of ['*/*', 'application/json', 'application/json, text/html']) {
      const response = await peopleBrowser(sandbox).get(pathOf(api)).set('Accept', accept);
      expect([response.status, locationOf(response).href.split('?')[0]]).toEqual([302, callbackAt(api)]);
    }
  });

  test('no stop is made while it is off', async () => {
    const sandbox = await testSandbox({ autoApprove: true });
    for (const api of apis) expect((await peopleBrowser(sandbox).get(pathOf(api))).status).toBe(302);
    const callback = await mixinLogin(peopleBrowser(await testSandbox()), pathOf('mixin'), ['PROFILE:READ']);
    expect(callback.searchParams.has('code')).toBe(true);
  });

  test('the first stop says of each parameter what it is for and what the service thinks of it', async () => {
    const sandbox = await testSandbox({ settings: { stepMode: true } });
    const path = authorizationPath('resonite', { odd: 'one', state: 'a-state-of-some-length' });
    const page = load((await peopleBrowser(sandbox).get(path)).text);
    const rows = page('tbody tr')
      .toArray()
      .map((row) =>
        page(row)
          .children()
          .toArray()
          .map((cell) => page(cell).text()),
      );
    expect(rows.at(0)).toEqual([
      'response_type',
      'code',
      'What the application wants back: code is an authorization code.',
      'As expected',
    ]);
    expect(rows.at(-2)?.[1]).toBe('a-stat… (22 characters)');
    expect(rows.at(-1)).toEqual(['odd', 'one', 'Not a parameter that we know.', 'Not known here, ignored']);
  });

  test.each([
    ['response_mode', 'query', 'How the answer comes back'],
    ['max_age', '60', 'For how many seconds an earlier sign-in'],
    ['login_hint', 'ada', 'Who is likely to sign in'],
    ['id_token_hint', 'e30.e30.e30', 'An ID token from before'],
    ['acr_values', '1', 'How thoroughly the service should make sure'],
    ['display', 'popup', 'How the pages should be shown'],
    ['ui_locales', 'de', 'In which languages'],
  ])('the first stop knows the standard’s %s', async (name, value, meaning) => {
    const sandbox = await testSandbox({ settings: { stepMode: true } });
    const path = authorizationPath('resonite', { [name]: value });
    const page = load((await peopleBrowser(sandbox).get(path)).text);
    expect(page(`tbody tr:contains("${name}") td`).eq(1).text()).toContain(meaning);
  });

  test('the second stop shows what goes back, and escapes it', async () => {
    const sandbox = await testSandbox({ autoApprove: true, settings: { stepMode: true } });
    const browser = peopleBrowser(sandbox);
    const first = await browser.get(authorizationPath('twitch', { state: '<b>"&' }));
    const last = await goOn(browser, first);
    expect(last.text).not.toContain('<b>"');
    expect(load(last.text)('tbody tr:last-child code').text()).toBe('<b>"&');
    expect(textOf(last.text, 'tbody tr:first-child')).toContain('exchanges it for tokens, once');
  });

  test('what was received is unfolded on the pages between, and folded without step mode', async () => {
    const sandbox = await testSandbox({ settings: { stepMode: true } });
    const browser = peopleBrowser(sandbox);
    const isOpen = async () => {
      const first = await browser.get(pathOf('twitch')).set('Accept', htmlFirst);
      const page = headingOf(first) === arrival ? await goOn(browser, first) : first;
      return load(page.text)('details.fold').attr('open') !== undefined;
    };
    expect(await isOpen()).toBe(true);
    sandbox.state.settings.stepMode = false;
    expect(await isOpen()).toBe(false);
  });
});

test.each(['twitch', 'kraken', 'mixer', 'mixin', 'resonite'] as const)(
  '%s: a fault for the next request is met at the way back, not used up at the first stop',
  async (api) => {
    const sandbox = await testSandbox({ autoApprove: true, settings: { stepMode: true } });
    sandbox.state.faults.set(api === 'kraken' ? 'twitch' : api, 'authorize_wrong_state', 'next');
    const browser = peopleBrowser(sandbox);
    const back = await goOn(browser, await browser.get(pathOf(api)));
    expect(new URL(nextOf(back)).searchParams.get('state')).toBe('not-your-state');
  },
);
