import { ServerResponse } from 'node:http';
import { services as providers } from '../../src/providers/index.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import type { RecordKind } from '../../src/storage/expiring-records.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { answerAtProvider, linkProvider, signIn, Visitor } from '../support/visitor.ts';

/*
 * Whole journeys in live mode, against the sandbox in the providers' places. Then everything that
 * anybody could read is searched for every secret that was on the wire.
 */

const hour = 60 * 60 * 1000;

/** Every text that any server of this process sends, while the test runs. */
const answers: string[] = [];
const send = ServerResponse.prototype.end;
beforeAll(() => {
  ServerResponse.prototype.end = function end(this: ServerResponse, ...parts: unknown[]) {
    const [body] = parts;
    if (typeof body === 'string' || Buffer.isBuffer(body)) answers.push(body.toString());
    return Reflect.apply(send, this, parts);
  } as typeof send;
});
afterAll(() => {
  ServerResponse.prototype.end = send;
});

/** Live at all four, with the sandbox's addresses in the places of the true ones. */
function liveAt(sandboxUrl: string): Record<string, string> {
  const settings = providers.flatMap((service) => {
    const { id, endpoints } = service.choose({});
    const prefix = id.toUpperCase();
    const { clientId, clientSecret } = madeUpClients[id as keyof typeof madeUpClients];
    const overrides = Object.entries(endpoints)
      .filter(([name]) => name !== 'jwks')
      .map(([name, url]) => [`${prefix}_${name.toUpperCase()}_ENDPOINT`, url.replace('https:/', sandboxUrl)]);
    return [
      [prefix, 'live'],
      [`${prefix}_CLIENT_ID`, clientId],
      [`${prefix}_CLIENT_SECRET`, clientSecret],
      ...overrides,
    ];
  });
  return Object.fromEntries(settings);
}

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

interface Secrets {
  readonly ofProtocol: ReadonlySet<string>;
  readonly ofPeople: ReadonlySet<string>;
}

/** What was secret: in the answers of the sandbox, its request log, the addresses, and the cookies. */
function collectSecrets({ sandbox }: RunningLatchkey, visitors: readonly Visitor[]): Secrets {
  const named = (names: string) => new RegExp(`"(?:${names})":\\s*"([^"]{4,})"`, 'g');
  const inAnswers = (names: string) =>
    answers.flatMap((text) => [...text.matchAll(named(names))].map((match) => match[1]!));
  const addresses = visitors.flatMap(({ visited }) => visited).map((url) => new URL(url).searchParams);
  const inAddresses = ['code', 'state', 'nonce'].flatMap((name) => addresses.map((query) => query.get(name)));
  const cookies = visitors.flatMap((visitor) => [...(visitor.cookies.get('localhost') ?? [])]);
  const own = cookies.filter(([name]) => name === 'latchkey' || name === 'latchkey-login');
  const sent = sandbox.state.requests.map(({ body }) => body);
  const inRequests = ['client_secret', 'code', 'code_verifier', 'refresh_token', 'token', 'ed25519'].flatMap(
    (name) => sent.map((body) => body[name]),
  );
  const inQueries = ['state', 'nonce'].flatMap((name) =>
    sandbox.state.requests.map(({ query }) => query[name]),
  );
  const protocol = [
    ...inQueries,
    ...inAnswers('access_token|refresh_token|id_token|ed25519|authorization_id'),
    ...inAddresses,
    ...inRequests,
    ...own.map(([, value]) => decodeURIComponent(value)),
    ...Object.values(madeUpClients).map(({ clientSecret }) => clientSecret),
  ].filter((value): value is string => typeof value === 'string' && value.length > 5);
  const people = inAnswers('email|phone').map((value) => value.replace(/@.*/, ''));
  return { ofProtocol: new Set(protocol), ofPeople: new Set(people.map((name) => name)) };
}

/** E-mail addresses are looked for with their sign: `ada` is also a name. */
function findIn(texts: readonly string[], { ofProtocol, ofPeople }: Secrets): string[] {
  const all = texts.join('\n');
  return [
    ...[...ofProtocol].filter((secret) => all.includes(secret) || all.includes(encodeURIComponent(secret))),
    ...[...ofPeople].filter(
      (name) => all.includes(`${name}@`) || (/^\+?\d/.test(name) && all.includes(name)),
    ),
  ];
}

const recordKinds: readonly RecordKind[] = ['session', 'login', 'grant', 'decision', 'lease'];

async function readRows(latchkey: RunningLatchkey): Promise<string[]> {
  const records = await Promise.all(recordKinds.map((kind) => latchkey.listRecords(kind)));
  const identities = await latchkey.database.selectFrom('identities').selectAll().execute();
  const accounts = await latchkey.database.selectFrom('accounts').selectAll().execute();
  return [...records.flat(), ...accounts, ...identities].map((row) => JSON.stringify(row));
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
    const rows = await readRows(latchkey);
    const secrets = collectSecrets(latchkey, [visitor]);
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
  const secrets = collectSecrets(latchkey, [visitor]);
  await latchkey.close();
  const [first = ''] = secrets.ofProtocol;
  expect(findIn([`<td>${first}</td>`], secrets)).toEqual([first]);
  expect(findIn([encodeURIComponent('ada@example.test'), 'ada@example.test'], secrets)).toEqual(['ada']);
  expect(findIn(answers, secrets).length).toBeGreaterThan(2);
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
