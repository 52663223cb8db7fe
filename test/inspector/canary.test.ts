import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { type SentAnswer, useAnswers } from '../support/answers.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { liveAt } from '../support/live.ts';
import { readRows } from '../support/rows.ts';
import { collectSecrets, findIn, type Secrets } from '../support/secrets.ts';
import { answerAtProvider, linkProvider, signIn, Visitor } from '../support/visitor.ts';

/*
 * Whole journeys in live mode, against the sandbox in the providers' places. Then everything that
 * anybody could read is searched for every secret that was on the wire.
 */

const hour = 60 * 60 * 1000;

const answers = useAnswers();

/** The page of every flow, its export, the list, and each flow beside the next. */
async function readInspector(visitor: Visitor, baseUrl: string): Promise<string[]> {
  const pages: string[] = [];
  const open = async (path: string) => {
    await visitor.open(new URL(path, baseUrl).href);
    expect(visitor.page.status).toBe(200);
    pages.push(visitor.page.html);
  };
  await open('/inspector');
  const hrefs = visitor.page
    .$('main table a')
    .toArray()
    .map((a) => visitor.page.$(a).attr('href')!);
  for (const [index, href] of hrefs.entries()) {
    await open(href);
    await open(`${href}.json`);
    const [a, b] = [href, hrefs[index + 1] ?? href].map((one) => one.split('/').pop());
    await open(`/inspector/compare?a=${a}&b=${b}`);
  }
  return pages;
}

function secretsOf({ baseUrl, sandbox }: RunningLatchkey, visitors: readonly Visitor[]): Secrets {
  const isOwn = ({ port }: SentAnswer) => String(port) === new URL(baseUrl).port;
  const ownAnswers = answers.filter(isOwn);
  const others = answers.filter((answer) => !isOwn(answer));
  return collectSecrets({ answers: others, ownAnswers, requests: sandbox.state.requests, visitors });
}

/** Links where somebody is signed in already, else signs in. */
async function enter(visitor: Visitor, baseUrl: string, name: string, person: string): Promise<void> {
  await visitor.open(`${baseUrl}/`);
  const how = visitor.page.heading === 'Your accounts' ? linkProvider : signIn;
  await how(visitor, baseUrl, name, { person });
}

async function travel(latchkey: RunningLatchkey, visitor: Visitor): Promise<string[]> {
  const { baseUrl, sandbox } = latchkey;
  const pages: string[] = [];
  const fault = sandbox.state.faults;
  fault.set('twitch', 'token_wrong_secret');
  await signIn(visitor, baseUrl, 'Twitch', { person: 'Ada' });
  sandbox.state.reset();
  await signIn(visitor, baseUrl, 'Mixer', { deny: true });
  for (const name of ['Twitch', 'Mixin', 'Resonite']) await enter(visitor, baseUrl, name, 'Ada');
  await enter(visitor, baseUrl, 'Mixer', 'Cy');
  await visitor.open(`${baseUrl}/profile`);
  await visitor.press('Switch Mixer account');
  await answerAtProvider(visitor, baseUrl, { person: 'Ada' });
  await visitor.press('Replace with');
  await visitor.press('Read profile again');
  for (const name of ['Twitch', 'Mixer', 'Mixin', 'Resonite']) {
    await visitor.open(`${baseUrl}/setup`);
    await visitor.press(`Check ${name} now`);
    pages.push(visitor.page.html);
  }
  pages.push(...(await readInspector(visitor, baseUrl)));
  latchkey.advance(7 * hour);
  await visitor.open(`${baseUrl}/profile`);
  await visitor.press('Read profile again');
  pages.push(...(await readInspector(visitor, baseUrl)));
  await visitor.press('Sign out');
  // The same account again: what became of its tokens is there to read.
  await signIn(visitor, baseUrl, 'Resonite', { person: 'Ada' });
  pages.push(...(await readInspector(visitor, baseUrl)));
  return pages;
}

const usual = ['token', 'userinfo', 'refresh', 'trial-authorization', 'trial-token'];
const withTwitch = [...usual, 'validation', 'revocation'];
const plain = { TWITCH_SCOPES: 'user:read:email' };

test.each([
  ['with openid', {}, usual],
  ['without openid, so that Twitch’s own check is used', plain, withTwitch],
  ['with a plain token from Mixin', { ...plain, MIXIN_TOKEN: 'bearer' }, withTwitch],
])(
  'no secret of a journey %s is in a page, an export, a log line, a metric or a row',
  async (_, settings, kinds) => {
    answers.length = 0;
    const latchkey = await startLatchkey({ env: (sandboxUrl) => ({ ...liveAt(sandboxUrl), ...settings }) });
    const visitor = new Visitor();
    const pages = await travel(latchkey, visitor);
    const rows = [...(await readRows(latchkey)).values()];
    const secrets = secretsOf(latchkey, [visitor]);
    const { logLines } = latchkey;
    const metrics = await latchkey.metricsText();
    await latchkey.close();
    expect(metrics).toContain('latchkey_logins_total');
    expect(findIn([metrics], secrets)).toEqual([]);
    expect(secrets.ofProtocol.size).toBeGreaterThan(20);
    expect(secrets.ofPeople.size).toBeGreaterThan(0);
    expect(pages.length).toBeGreaterThan(20);
    expect(pages.join()).toContain('[hidden: ');
    for (const kind of kinds) expect(pages.join()).toContain(`"kind":"${kind}"`);
    expect(findIn(pages, secrets)).toEqual([]);
    expect(findIn(logLines, secrets)).toEqual([]);
    // Profiles are kept as they came; what opens something is not in any row.
    expect(findIn(rows, { ...secrets, ofPeople: new Set() })).toEqual([]);
  },
  60_000,
);

test('the search finds a secret that is there', async () => {
  answers.length = 0;
  const latchkey = await startLatchkey({ env: liveAt });
  const visitor = new Visitor();
  await signIn(visitor, latchkey.baseUrl, 'Mixer', { person: 'Ada' });
  const secrets = secretsOf(latchkey, [visitor]);
  await latchkey.close();
  const [first = ''] = secrets.ofProtocol;
  expect(findIn([`<td>${first}</td>`], secrets)).toEqual([first]);
  expect(findIn([encodeURIComponent('ada@example.test'), 'ada@example.test'], secrets)).toEqual(['ada']);
  const bodies = answers.map(({ body }) => body);
  expect(findIn(bodies, secrets).length).toBeGreaterThan(2);
});

test('in the sandbox the client secret, cookies, state and verifiers stay hidden too', async () => {
  answers.length = 0;
  const latchkey = await startLatchkey();
  const visitor = new Visitor();
  for (const name of ['Twitch', 'Mixin', 'Resonite', 'Mixer'])
    await enter(visitor, latchkey.baseUrl, name, 'Ada');
  const pages = await readInspector(visitor, latchkey.baseUrl);
  const states = visitor.visited.map((url) => new URL(url).searchParams.get('state'));
  const verifiers = latchkey.sandbox.state.requests.map(({ body }) => body['code_verifier']);
  const cookies = [...visitor.cookies.get('localhost')!].filter(([name]) => name.startsWith('latchkey'));
  const secrets = [
    ...states,
    ...verifiers,
    ...cookies.filter(([name]) => !/last|theme/.test(name)).map(([, value]) => decodeURIComponent(value)),
    ...Object.values(madeUpClients).map(({ clientSecret }) => clientSecret),
  ].filter((value): value is string => typeof value === 'string' && value !== '');
  await latchkey.close();
  expect(secrets.length).toBeGreaterThan(10);
  const texts = pages.join('\n');
  expect(secrets.filter((secret) => texts.includes(secret))).toEqual([]);
  expect(texts).toContain('Show (made-up value)');
  // What is taken along has no made-up value either.
  const exported = pages.filter((page) => page.startsWith('{'));
  const codes = visitor.visited.map((url) => new URL(url).searchParams.get('code')).filter(Boolean);
  expect(codes.length).toBeGreaterThan(3);
  expect(codes.filter((code) => texts.includes(code!)).length).toBeGreaterThan(3);
  expect(codes.filter((code) => exported.join('\n').includes(code!))).toEqual([]);
});
