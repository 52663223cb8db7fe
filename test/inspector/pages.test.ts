import { readKept } from '../../src/inspector/kept.ts';
import { type RunningLatchkey, startLatchkey, testSecret } from '../support/latchkey.ts';
import {
  answerAtProvider,
  captureCallback,
  linkProvider,
  signIn,
  startSignIn,
  Visitor,
} from '../support/visitor.ts';
import { flowsOf, openNewest } from './support.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;
afterEach(() => latchkey.close());
beforeEach(async () => {
  latchkey = await startLatchkey();
  visitor = new Visitor();
});

const inspector = (path = '') => visitor.open(`${latchkey.baseUrl}/inspector${path}`);
const cells = (column: string) =>
  visitor.page
    .$(`td[data-column="${column}"]`)
    .toArray()
    .map((cell) => visitor.page.$(cell).text().trim());

describe('the list', () => {
  test('without flows leads to the services', async () => {
    await inspector();
    expect(visitor.page.heading).toBe('Sign-in flows');
    expect(visitor.page.text).toContain('No flows yet. Start one and come back.');
    expect(visitor.page.text).toContain('flows are forgotten when the server restarts');
    await visitor.press('Continue with Resonite');
    await answerAtProvider(visitor, latchkey.baseUrl);
    expect(visitor.page.heading).toBe('Sign-in flows');
    expect(cells('Service')).toEqual(['Resonite']);
  });

  test('shows the newest first, with what each was for and how it ended', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Mixer', { deny: true });
    await startSignIn(visitor, latchkey.baseUrl, 'Twitch').catch(() => null);
    await visitor.open(`${latchkey.baseUrl}/profile`);
    await visitor.press('Link Resonite');
    await inspector();
    expect(cells('Service')).toEqual(['Resonite', 'Mixer', 'Twitch']);
    expect(cells('Purpose')).toEqual(['Link', 'Link', 'Sign in']);
    expect(cells('Result')).toEqual(['Waiting', 'Refused by you', 'Finished']);
    latchkey.advance(11 * 60 * 1000);
    await inspector();
    expect(cells('Result')[0]).toBe('Given up');
  });

  test('can be filtered, and says when nothing fits', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await linkProvider(visitor, latchkey.baseUrl, 'Mixer', { deny: true });
    await inspector('?service=mixer');
    expect(cells('Service')).toEqual(['Mixer']);
    await inspector('?result=finished');
    expect(cells('Service')).toEqual(['Twitch']);
    await inspector('?purpose=link&result=finished');
    expect(visitor.page.text).toContain('No flow matches.');
    await visitor.press('Clear filters');
    expect(cells('Service')).toHaveLength(2);
    await inspector('?service[]=x&page=-3&result=nonsense');
    expect(visitor.page.status).toBe(200);
  });

  test('has 25 to a page', async () => {
    for (let count = 0; count < 26; count++) await startSignIn(visitor, latchkey.baseUrl, 'Mixer');
    await inspector();
    expect(cells('Service')).toHaveLength(25);
    await visitor.press('Older flows');
    expect(cells('Service')).toHaveLength(1);
    await visitor.press('Newer flows');
    expect(cells('Service')).toHaveLength(25);
  });
});

describe('a flow', () => {
  test('that waits can be loaded again', async () => {
    await startSignIn(visitor, latchkey.baseUrl, 'Mixin');
    await openNewest(visitor, latchkey.baseUrl);
    expect(visitor.page.text).toContain('Waiting: for the browser to come back from Mixin.');
    expect(visitor.page.text).toContain('look at MIXIN_CLIENT_ID, MIXIN_SCOPES and the return address.');
    await visitor.press('Reload');
    expect(visitor.page.status).toBe(200);
  });

  test('has a diagram whose arrows lead to the steps', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const { $ } = await openNewest(visitor, latchkey.baseUrl);
    const targets = $('svg.seq a')
      .toArray()
      .map((a) => $(a).attr('href')!);
    expect(targets.length).toBeGreaterThan(5);
    for (const target of targets) expect($(target)).toHaveLength(1);
    expect($('svg.seq a').first().attr('aria-label')).toBe(
      '1 POST /login/twitch 200, page to Twitch. Step 1, from Browser to Latchkey',
    );
    expect($('[style]')).toHaveLength(0);
  });

  test('shows the same mark for the code in the callback and in the token request', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const [flow] = flowsOf(latchkey, visitor);
    const codes = flow!.steps.flatMap(({ request }) =>
      (request ? readKept(request).parameters : []).filter(({ name }) => name === 'code'),
    );
    expect(codes).toHaveLength(2);
    expect(codes[0]!.value).toEqual(codes[1]!.value);
    expect(codes[0]!.value[0]).toMatchObject({ mark: expect.stringMatching(/^[0-9a-f]{6}$/) });
  });

  test('says where the provider departs from the standard, and what it stands for', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixin');
    const { text } = await openNewest(visitor, latchkey.baseUrl);
    expect(text).toContain('The code challenge hashes the verifier’s decoded bytes');
    expect(text).toContain('In place of https://api.mixin.one/oauth/token');
  });

  test('goes on after a profile is read again, which is a flow of its own', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    await visitor.press('Read profile again');
    await inspector();
    expect(cells('Purpose')).toEqual(['Read profile', 'Sign in']);
    const { text } = await openNewest(visitor, latchkey.baseUrl);
    expect(text).toContain('Finished: the profile was read at Twitch.');
  });

  test('of an unlink tells that the tokens were revoked', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixer');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    await visitor.press('Unlink Twitch');
    await visitor.press('Unlink Twitch');
    const { text } = await openNewest(visitor, latchkey.baseUrl);
    expect(text).toContain('Finished: Twitch confirmed that the tokens are gone.');
  });

  test('of an access that was taken back says so', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Mixer');
    await linkProvider(visitor, latchkey.baseUrl, 'Resonite');
    latchkey.sandbox.state.faults.set('resonite', 'userinfo_401');
    latchkey.sandbox.state.faults.set('resonite', 'refresh_refused');
    await visitor.open(`${latchkey.baseUrl}/profile`);
    latchkey.advance(50 * 60 * 1000);
    await visitor.open(`${latchkey.baseUrl}/profile`);
    const { text } = await openNewest(visitor, latchkey.baseUrl);
    expect(text).toMatch(/Failed at step \d: Resonite/);
  });
});

describe('whose flows', () => {
  test('are shown: one’s own, in this browser and as this account elsewhere', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
    const mine = (await openNewest(visitor, latchkey.baseUrl)).url.href;
    const elsewhere = new Visitor();
    await signIn(elsewhere, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
    expect((await elsewhere.open(mine)).status).toBe(200);
  });

  test('are not: another account’s and another browser’s, which are like unknown ones', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch', { person: 'Ada' });
    const mine = (await openNewest(visitor, latchkey.baseUrl)).url.href;
    const other = new Visitor();
    for (const path of ['', '.json']) expect((await other.open(mine + path)).status).toBe(404);
    await signIn(other, latchkey.baseUrl, 'Twitch', { person: 'Bo' });
    for (const path of ['', '.json']) expect((await other.open(mine + path)).status).toBe(404);
    const wordsAt = async (url: string) => {
      const { $, headers } = await other.open(url);
      return $('main').text().replaceAll(headers['x-request-id']!, '');
    };
    const unknown = await wordsAt(`${latchkey.baseUrl}/inspector/${'A'.repeat(14)}`);
    expect(unknown).toContain('This flow is not kept any more, or is not yours');
    expect(await wordsAt(mine)).toBe(unknown);
    const own = (await openNewest(other, latchkey.baseUrl)).url.href;
    const [a, b] = [own, mine].map((url) => url.split('/').pop());
    expect((await other.open(`${latchkey.baseUrl}/inspector/compare?a=${a}&b=${b}`)).status).toBe(404);
    expect((await other.open(`${latchkey.baseUrl}/inspector/${'A'.repeat(14)}`)).status).toBe(404);
    expect((await other.open(`${latchkey.baseUrl}/inspector`)).text).not.toContain(new URL(mine).pathname);
  });

  test('are not: those of somebody who has signed out', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const mine = (await openNewest(visitor, latchkey.baseUrl)).url.href;
    await visitor.press('Sign out');
    expect((await visitor.open(mine)).status).toBe(404);
  });

  test('are gone after an hour', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const mine = (await openNewest(visitor, latchkey.baseUrl)).url.href;
    latchkey.advance(61 * 60 * 1000);
    expect((await visitor.open(mine)).status).toBe(404);
  });
});

test('the oldest flow makes room for a new one', async () => {
  await latchkey.close();
  latchkey = await startLatchkey({ flowLimits: { flows: 2, bytes: 1e6, milliseconds: 60 * 60 * 1000 } });
  for (const name of ['Mixer', 'Resonite', 'Twitch']) await startSignIn(visitor, latchkey.baseUrl, name);
  await inspector();
  expect(cells('Service')).toEqual(['Twitch', 'Resonite']);
});

describe('taking along', () => {
  test('as JSON: everything, with marks in the place of secrets', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const { url } = await openNewest(visitor, latchkey.baseUrl);
    await visitor.press('Download JSON');
    expect(visitor.page.headers['content-type']).toContain('application/json');
    expect(visitor.page.headers['content-disposition']).toContain('attachment');
    const flow = JSON.parse(visitor.page.html);
    expect(flow).toMatchObject({ id: url.pathname.split('/').pop(), purpose: 'sign-in', provider: 'twitch' });
    expect(flow.verdict).toMatch(/^Finished: /);
    const token = flow.steps.find(({ kind }: { kind: string }) => kind === 'token');
    expect(token.request.body).toMatch(/client_secret=\[hidden: \d+ characters, mark [0-9a-f]{6}\]/);
    expect(token.checks).toContainEqual(
      expect.objectContaining({ name: 'id-token-nonce', result: 'passed', severity: 'stops' }),
    );
    expect(token.decoded[0]).toMatchObject({ title: 'ID token' });
  });

  test('as Mermaid text that follows its grammar', async () => {
    latchkey.sandbox.state.faults.set('twitch', 'token_wrong_secret');
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const { $ } = await openNewest(visitor, latchkey.baseUrl);
    const [first, ...lines] = $('#mermaid').text().split('\n');
    expect(first).toBe('sequenceDiagram');
    for (const line of lines)
      expect(line).toMatch(/^ {2}(?:participant [A-Z] as [^;#\n]+|[A-Z]-(?:-?>>|-x)[A-Z]: [^;#\n]+)$/);
    expect(lines.some((line) => /--x.: 403, failed$/.test(line))).toBe(true);
  });

  test('as curl, with variables in the place of secrets', async () => {
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const { $ } = await openNewest(visitor, latchkey.baseUrl);
    const [token, userinfo] = $('textarea[id^=curl]')
      .toArray()
      .map((area) => $(area).text())
      .filter((text) => !text.includes('/keys'));
    expect(token).toContain("curl -X POST 'https://id.twitch.tv/oauth2/token'");
    expect(token).toContain(`&code='"$CODE"'&`);
    expect(token).toContain(`client_secret='"$CLIENT_SECRET"`);
    expect(userinfo).toContain(`-H 'authorization: Bearer '"$ACCESS_TOKEN"`);
  });

  test('the curl command of Check now asks with the parameters that it was sent with', async () => {
    await visitor.open(`${latchkey.baseUrl}/setup`);
    await visitor.press('Check Twitch now');
    const { $ } = await openNewest(visitor, latchkey.baseUrl);
    const [authorization, token] = $('textarea[id^=curl]')
      .toArray()
      .map((area) => $(area).text());
    expect(authorization).toMatch(/^curl -X GET 'https:\/\/id\.twitch\.tv\/oauth2\/authorize\?/);
    for (const parameter of ['response_type=code', 'client_id=', 'redirect_uri=', `state='"$STATE"`])
      expect(authorization).toContain(parameter);
    expect(token).toMatch(/^curl -X POST 'https:\/\/id\.twitch\.tv\/oauth2\/token' /);
  });
});

test('two flows side by side: what differs comes first, secrets of their own do not', async () => {
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  await visitor.press('Switch Twitch account');
  await answerAtProvider(visitor, latchkey.baseUrl, { person: 'Ada' });
  const { $ } = await openNewest(visitor, latchkey.baseUrl);
  const other = $('select[name=b] option').first().attr('value')!;
  const id = $('input[name=a]').attr('value')!;
  await visitor.open(`${latchkey.baseUrl}/inspector/compare?a=${id}&b=${other}`);
  expect(visitor.page.heading).toBe('Two flows compared');
  const differing = visitor.page
    .$('th[scope=row]')
    .toArray()
    .map((cell) => visitor.page.$(cell).text())
    .filter((text) => text.includes('Differs'));
  expect(differing.join()).toContain('Sends force_verify');
  expect(differing.join()).toContain('Purpose');
  expect(differing.join()).not.toMatch(/Sends state|Sends code|Gets access_token/);
});

describe('where it is off', () => {
  const production = { NODE_ENV: 'production', SESSION_SECRET: testSecret, SANDBOX: 'on' };

  test.each([
    ['in production', production],
    ['with INSPECTOR=off', { INSPECTOR: 'off' }],
  ])('%s nothing is recorded, and its pages are not found', async (_, env) => {
    await latchkey.close();
    latchkey = await startLatchkey({ env });
    expect(latchkey.inspector).toBeNull();
    await signIn(visitor, latchkey.baseUrl, 'Twitch', { deny: true });
    expect(visitor.page.text).not.toMatch(/Inspector|step by step/);
    for (const path of ['', '/x', '/x.json', '/compare?a=x&b=y'])
      expect((await inspector(path)).status).toBe(404);
  });

  test('in production INSPECTOR=on shows it, to each their own', async () => {
    await latchkey.close();
    latchkey = await startLatchkey({ env: { ...production, INSPECTOR: 'on' } });
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const mine = (await openNewest(visitor, latchkey.baseUrl)).url.href;
    expect((await new Visitor().open(mine)).status).toBe(404);
  });
});

test('a login that began on another node goes on, and its flow says what is missing', async () => {
  const url = await captureCallback(
    visitor,
    () => startSignIn(visitor, latchkey.baseUrl, 'Twitch'),
    latchkey.baseUrl,
  );
  // As after a restart: this node has forgotten every flow.
  for (const flow of flowsOf(latchkey, visitor)) latchkey.inspector!.flows.remove(flow);
  await visitor.open(url.href);
  expect(visitor.page.heading).toBe('Your accounts');
  const { text } = await openNewest(visitor, latchkey.baseUrl);
  expect(text).toContain('The beginning is missing');
  expect(text).toContain('Finished: ');
});

test('a recorder that fails breaks no login, and is logged', async () => {
  const { flows } = latchkey.inspector!;
  Object.assign(flows, {
    grown: () => {
      throw new TypeError('a canary that must not be logged');
    },
  });
  await signIn(visitor, latchkey.baseUrl, 'Twitch');
  expect(visitor.page.heading).toBe('Your accounts');
  const faults = latchkey.logLines.filter((line) => line.includes('"not recorded"'));
  expect(faults.length).toBeGreaterThan(0);
  expect(faults.join()).toContain('"reason":"TypeError"');
  expect(faults.join()).not.toContain('canary');
  latchkey.logLines.length = 0;
});
