import { createServer } from 'node:http';
import { load } from 'cheerio';
import type { Response } from 'supertest';
import { listen } from '../support/close-at-end.ts';
import { until } from '../support/until.ts';
import { askSandbox } from '../../src/sandbox/control/loopback.ts';
import { tryItClients } from '../../src/sandbox/control/try-it-clients.ts';
import type { FaultName, Place } from '../../src/sandbox/faults.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { services } from '../../src/sandbox/services.ts';
import { peopleBrowser, textOf, tryIt } from './control-support.ts';
import { authorizationPath, baseUrl, locationOf, testSandbox } from './support.ts';

const apis = ['twitch', 'kraken', 'mixer', 'mixin', 'resonite'] as const;
const placeOf = (api: string): Place => (api === 'kraken' ? 'twitch' : (api as Place));

const stepsOf = ({ text }: Response): string[] => {
  const page = load(text);
  return page('ol > li h2')
    .toArray()
    .map((heading) =>
      page(heading)
        .text()
        .replace(/^\d\s*/, ''),
    );
};
const problemOf = ({ text }: Response): string => textOf(text, '.note.bad');

describe('Try it', () => {
  test.each(apis)('%s: logs in and shows each step', async (api) => {
    const sandbox = await testSandbox();
    const page = await tryIt(peopleBrowser(sandbox), api);
    expect([page.status, textOf(page.text, 'h1')]).toEqual([
      200,
      expect.stringMatching(/^Signed in at Sandbox [\w ]+ as Ada/),
    ]);
    expect(stepsOf(page)).toEqual([
      'Your browser came back',
      'The application asks for tokens',
      'The application asks who you are',
      'Now it knows you',
    ]);
    const { id, twitch, mixer, mixin, resonite } = sandbox.state.people.get('ada');
    const ids = {
      twitch: twitch.id,
      kraken: twitch.id,
      mixer: mixer.id,
      mixin: mixin.userId,
      resonite: resonite.id,
    };
    expect([id, load(page.text)('dl dd').first().text()]).toEqual(['ada', String(ids[api])]);
  });

  test.each(apis)('%s: asks the endpoints themselves, which keep a record', async (api) => {
    const sandbox = await testSandbox();
    await tryIt(peopleBrowser(sandbox), api);
    const asked = sandbox.state.requests.map(({ method, verdict }) => `${method} ${verdict}`);
    expect(asked.at(0)).toBe('GET ok');
    expect(asked.slice(-2)).toEqual(['POST ok', 'GET ok']);
    const [token] = sandbox.state.accessTokens.values();
    expect(token).toMatchObject({
      clientId: tryItClients[placeOf(api) as 'twitch'].clientId,
      personId: 'ada',
    });
  });

  test('shows requests and answers as text, and the requests for a shell', async () => {
    const sandbox = await testSandbox();
    const page = load((await tryIt(peopleBrowser(sandbox), 'kraken')).text);
    const texts = page('pre')
      .toArray()
      .map((pre) => page(pre).text());
    expect(texts[0]).toMatch(/^POST \/kraken\/oauth2\/token HTTP\/1\.1\nHost: api\.twitch\.tv\n/);
    expect(texts[1]).toMatch(
      /^curl -X POST 'http:\/\/localhost:4000\/api\.twitch\.tv\/kraken\/oauth2\/token'/,
    );
    expect(texts[2]).toContain('"access_token": "');
    expect(texts[3]).toContain('\nAccept: application/vnd.twitchtv.v5+json\nAuthorization: OAuth ');
    expect(JSON.parse(texts[5]!)).toMatchObject({ _id: '10000001' });
  });

  test('has credentials of its own, as long as the true ones', () => {
    for (const service of services) {
      const [own, made] = [tryItClients[service], madeUpClients[service]];
      expect(own.clientId).not.toBe(made.clientId);
      expect([own.clientId.length, own.clientSecret.length]).toEqual([
        made.clientId.length,
        made.clientSecret.length,
      ]);
    }
  });

  test.each([
    ['twitch', 'force_verify', 'true'],
    ['kraken', 'force_verify', 'true'],
    ['mixer', 'approval_prompt', 'force'],
    ['resonite', 'prompt', 'login'],
  ])('%s: can force the question with %s', async (api, name, value) => {
    const browser = peopleBrowser(await testSandbox());
    const usual = locationOf(await browser.get(`/try/${api}`));
    const forced = locationOf(await browser.get(`/try/${api}?force=1`));
    expect([usual.searchParams.get(name), forced.searchParams.get(name)]).toEqual([null, value]);
    const page = load((await tryIt(browser, api)).text);
    const ways = page('h1')
      .closest('.card')
      .find('a')
      .toArray()
      .map((way) => page(way).attr('href'));
    expect(ways).toEqual([`${baseUrl}/try/${api}`, `${baseUrl}/try/${api}?force=1`, '/']);
  });

  test('offers no such way at Mixin, which always asks', async () => {
    const page = await tryIt(peopleBrowser(await testSandbox()), 'mixin');
    expect(page.text).not.toContain('force=1');
  });

  test('shows the same again when it is loaded again, and asks nobody again', async () => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    const started = locationOf(await browser.get('/try/twitch'));
    const back = locationOf(
      await browser.get(started.pathname + started.search).set('X-Sandbox-Person', 'bo'),
    );
    const first = await browser.get(back.pathname + back.search);
    const { length } = sandbox.state.requests;
    const second = await browser.get(back.pathname + back.search);
    expect(textOf(first.text, 'h1')).toBe('Signed in at Sandbox Twitch as Bo');
    expect(second.text).toBe(first.text);
    expect(sandbox.state.requests.length).toBe(length);
  });

  test('escapes what a person is called', async () => {
    const page = await tryIt(peopleBrowser(await testSandbox()), 'twitch', 'zoe');
    expect(page.text).not.toContain('<b>Ünïcödé');
    expect(textOf(page.text, 'h1')).toContain('<b>Ünïcödé</b>');
  });

  test('works under a path', async () => {
    const sandbox = await testSandbox({ baseUrl: `${baseUrl}/below`, autoApprove: true });
    const browser = peopleBrowser(sandbox);
    const started = locationOf(await browser.get('/below/try/resonite'));
    const back = locationOf(await browser.get(started.pathname + started.search));
    const page = await browser.get(back.pathname + back.search);
    expect(textOf(page.text, 'h1')).toBe('Signed in at Sandbox Resonite as Ada');
  });

  test('does not know other services', async () => {
    const browser = peopleBrowser(await testSandbox());
    for (const path of ['/try/nothing', '/try/constructor', '/try/nothing/callback'])
      expect((await browser.get(path)).status).toBe(404);
  });
});

describe('a callback that fits no login of this browser', () => {
  test.each(apis)('%s: is not followed when nobody sent its state', async (api) => {
    const sandbox = await testSandbox();
    const browser = peopleBrowser(sandbox);
    await browser.get(`/try/${api}`);
    for (const query of ['code=a-code', 'code=a-code&state=', 'code=a-code&state=other', '']) {
      const page = await browser.get(`/try/${api}/callback?${query}`);
      expect([page.status, textOf(page.text, 'h1')]).toEqual([
        400,
        'This login did not start in this browser',
      ]);
      expect(stepsOf(page)).toEqual(['Your browser came back']);
    }
    expect(sandbox.state.requests).toEqual([]);
  });

  test('is not followed in another browser, nor by the cookie of another', async () => {
    const sandbox = await testSandbox();
    const { searchParams } = locationOf(await peopleBrowser(sandbox).get('/try/mixer'));
    const path = `/try/mixer/callback?code=a-code&state=${searchParams.get('state')}`;
    const other = peopleBrowser(sandbox);
    await other.get('/try/mixer');
    for (const browser of [peopleBrowser(sandbox), other]) {
      const page = await browser.get(path);
      expect([page.status, problemOf(page)]).toEqual([
        400,
        expect.stringContaining('Another browser started this login'),
      ]);
    }
    expect(sandbox.state.requests).toEqual([]);
  });

  test('is not followed after a reset', async () => {
    const browser = peopleBrowser(await testSandbox());
    const { searchParams } = locationOf(await browser.get('/try/mixer'));
    await browser.post('/api/reset');
    const page = await browser.get(`/try/mixer/callback?code=x&state=${searchParams.get('state')}`);
    expect([page.status, problemOf(page)]).toEqual([400, expect.stringContaining('or reset since')]);
  });
});

describe('a login that goes wrong', () => {
  test.each(apis)('%s: ends at the callback when the person says no', async (api) => {
    const sandbox = await testSandbox();
    sandbox.state.faults.set(placeOf(api), 'authorize_denied');
    const page = await tryIt(peopleBrowser(sandbox), api);
    expect(textOf(page.text, 'h1')).toMatch(/^The login at Sandbox [\w ]+ did not work$/);
    expect(stepsOf(page)).toEqual(['Your browser came back']);
    expect(problemOf(page)).toContain('the error access_denied. The person said no.');
  });

  const faults: [FaultName, number, string][] = [
    [
      'token_500',
      2,
      'The answer is not 200, but 500. It met the fault token_500: the token endpoint answers 500.',
    ],
    ['token_code_expired', 2, 'It met the fault token_code_expired'],
    ['token_html', 2, 'The answer is not JSON. It met the fault token_html'],
    ['token_not_json', 2, 'The answer is not JSON.'],
    ['token_empty', 2, 'so there is no access token. It met the fault token_empty'],
    ['token_wrong_types', 2, 'so there is no access token.'],
    ['token_redirect', 2, 'The answer is not 200, but 307.'],
    ['token_huge', 2, 'The answer is longer than 64 kB.'],
    ['token_bomb', 2, 'The answer is longer than 64 kB.'],
    ['token_cut', 2, 'The connection was closed before the answer was whole'],
    ['userinfo_401', 3, 'It met the fault userinfo_401: the profile refuses every access token.'],
    ['userinfo_without_id', 3, 'so nobody is signed in. It met the fault userinfo_without_id'],
    ['userinfo_truncated', 3, 'The answer is not JSON.'],
  ];

  test.each(faults)('%s ends it at step %i, with the cause', async (fault, step, words) => {
    for (const api of apis) {
      const sandbox = await testSandbox();
      sandbox.state.faults.set(placeOf(api), fault);
      const page = await tryIt(peopleBrowser(sandbox), api);
      expect([api, page.status, stepsOf(page).length]).toEqual([api, 200, step]);
      expect(problemOf(page)).toContain(words);
    }
  });

  test('says which check failed, and where its rule comes from', async () => {
    const sandbox = await testSandbox();
    sandbox.state.faults.set('mixer', 'token_wrong_secret');
    const problem = problemOf(await tryIt(peopleBrowser(sandbox), 'mixer'));
    const { failedCheck } = sandbox.state.requests.at(-1)!;
    expect(problem).toContain(`This check failed: ${failedCheck!.name} (${failedCheck!.source}).`);
  });

  test('does not show more of an answer than anybody reads', async () => {
    const sandbox = await testSandbox();
    sandbox.state.faults.set('twitch', 'userinfo_huge');
    const page = await tryIt(peopleBrowser(sandbox), 'twitch');
    expect(page.text.length).toBeLessThan(20_000);
    expect(load(page.text)('pre').last().text()).toMatch(/… \(cut here\)$/);
  });

  test('gives up on an answer that does not come', async () => {
    const sandbox = await testSandbox();
    sandbox.state.faults.set('resonite', 'token_hang', 'next');
    sandbox.state.faults.set('resonite', 'clock_ahead');
    const page = await tryIt(peopleBrowser(sandbox), 'resonite');
    expect(problemOf(page)).toContain('No whole answer came within 5 seconds. It met the fault');
    await until(() => sandbox.state.hanging.size === 0);
  });

  test.each(['authorize_wrong_state', 'authorize_missing_state'] as const)('%s is noticed', async (fault) => {
    for (const api of apis) {
      const sandbox = await testSandbox();
      sandbox.state.faults.set(placeOf(api), fault);
      const page = await tryIt(peopleBrowser(sandbox), api);
      expect([page.status, textOf(page.text, 'h1')]).toEqual([
        400,
        'This login did not start in this browser',
      ]);
    }
  });
});

test('reading stops where an answer is too long, however long it goes on', async () => {
  const server = createServer((_req, res) => void res.write('x'.repeat(100_000)));
  const { port, close } = await listen(server);
  const answer = await askSandbox(`http://127.0.0.1:${port}`, {
    method: 'GET',
    to: 'anything',
    headers: {},
    body: null,
  });
  expect([answer.status, answer.isTooLong, answer.body.length]).toEqual([200, true, 64 * 1024]);
  await close();
});

test('the authorization page of an application does not go to Try it', async () => {
  const { app: _app, ...sandbox } = await testSandbox({ autoApprove: true });
  const browser = peopleBrowser({ app: _app, ...sandbox });
  const path = authorizationPath('twitch', { redirect_uri: `${baseUrl}/try/twitch/callback` });
  const location = locationOf(await browser.get(path));
  expect([location.host, location.searchParams.get('error')]).toEqual([
    'localhost:3000',
    'redirect_mismatch',
  ]);
});
