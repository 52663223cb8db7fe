import type { FaultName } from '../../src/sandbox/faults.ts';
import type { Service } from '../../src/sandbox/services.ts';
import { toVerdict, verdictSentence } from '../../src/inspector/verdict.ts';
import { madeUpClients } from '../../src/sandbox/registrations.ts';
import { flowsOf, stoppedBy } from '../inspector/support.ts';
import { asked, cardOf, hours, minutes, openGrants } from '../sessions/support.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { linkProvider, signIn, Visitor } from '../support/visitor.ts';
import { startCraftedServer, toAnswer } from './crafted-server.ts';
import {
  arrivedAt,
  breakerOf,
  comeBackFrom,
  crowdFrom,
  letGo,
  openCircuit,
  trafficOf,
  yesToAll,
} from './support.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

async function start(options: LatchkeyOptions = {}): Promise<void> {
  latchkey = await startLatchkey({ env: yesToAll, ...options });
  visitor = new Visitor();
}
afterEach(async () => {
  await letGo(latchkey);
  await latchkey.close();
});

const faults = () => latchkey.sandbox.state.faults;
const home = () => new Visitor().open(`${latchkey.baseUrl}/`);
const profile = (who = visitor) => who.open(`${latchkey.baseUrl}/profile`);
const outcomes = () => latchkey.finishedRequests.map(({ outcome }) => outcome);
const quick = { totalMilliseconds: 400, maximumBytes: 256 * 1024 };

describe('after five failures within ten seconds', () => {
  test('nothing more is sent; the login says so at once, and starting again loses nothing', async () => {
    await start();
    await openCircuit(latchkey, 'twitch');
    expect([breakerOf(latchkey, 'twitch'), arrivedAt(latchkey, 'twitch')]).toEqual(['open', 5]);
    const since = new Date(trafficOf(latchkey, 'twitch').breaker.failingSince!).toISOString().slice(11, 16);
    await visitor.open(`${latchkey.baseUrl}/?return_to=%2Fhelp`);
    const late = await comeBackFrom(latchkey, 'twitch', visitor, () => visitor.press('Continue with Twitch'));
    const page = await late.finish();
    expect([page.status, page.heading]).toEqual([503, 'Twitch is not answering']);
    expect(page.text).toContain(
      `It has been failing since ${since} UTC, so we did not ask it again just now. Nothing was changed.`,
    );
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(10);
    expect(Number(page.headers['retry-after'])).toBeLessThanOrEqual(15);
    expect(arrivedAt(latchkey, 'twitch')).toBe(5);
    expect(outcomes()).toEqual([...Array(5).fill('server-error'), 'unsent-failing']);
    faults().clear();
    latchkey.advance(15_000);
    await visitor.press('Start again with Twitch');
    expect(visitor.page.url.pathname).toBe('/help');
  });

  test('the recorded login says that nothing was sent, and why', async () => {
    await start();
    await openCircuit(latchkey, 'twitch');
    await (await comeBackFrom(latchkey, 'twitch', visitor)).finish();
    const [flow] = flowsOf(latchkey, visitor);
    expect(verdictSentence(toVerdict(flow!, false))).toMatch(
      /^Failed at step 4: nothing was sent to Twitch, because it has been failing since \d\d:\d\d UTC\.$/,
    );
    expect(stoppedBy(flow!)).toEqual(['sent']);
    await visitor.press('See what happened, step by step');
    expect(visitor.page.$('#step-4').text()).toContain('Nothing was sent to Twitch');
    expect(visitor.page.$('svg').text()).toContain('not sent, failed');
  });

  test('the front page says since when; the button works, and the others say nothing', async () => {
    await start();
    await openCircuit(latchkey, 'twitch');
    const { $ } = await home();
    const since = new Date(trafficOf(latchkey, 'twitch').breaker.failingSince!).toISOString().slice(11, 16);
    const note = `Twitch has been failing since ${since} UTC. You can try, or use another linked account.`;
    const warnings = $('.go .warn').toArray();
    expect(warnings.map((element) => $(element).text())).toEqual([note]);
    const button = $('.go button').first();
    expect([button.attr('aria-describedby'), button.attr('disabled')]).toEqual([
      $('.go .warn').attr('id'),
      undefined,
    ]);
    // Nobody has asked it for some minutes: what was seen then says nothing about now.
    latchkey.advance(minutes(5) + 1000);
    expect((await home()).$('.go .warn')).toHaveLength(0);
  });

  test('other providers notice nothing', async () => {
    await start();
    await openCircuit(latchkey, 'twitch');
    for (const name of ['Mixer', 'Mixin', 'Resonite'])
      expect((await signIn(new Visitor(), latchkey.baseUrl, name)).heading).toBe('Your accounts');
    expect(latchkey.traffic().map(({ provider, breaker }) => [provider, breaker.position])).toEqual([
      ['twitch', 'open'],
      ['mixin', 'closed'],
      ['resonite', 'closed'],
      ['mixer', 'closed'],
    ]);
  });

  test('fifteen seconds later one request is let through, and while it is under way no other', async () => {
    await start();
    await openCircuit(latchkey, 'mixer');
    latchkey.advance(15_000);
    faults().clear();
    faults().set('mixer', 'token_hang');
    const [first, ...others] = await crowdFrom(latchkey, 'mixer', 3);
    const probing = first!.finish();
    const { hanging } = latchkey.sandbox.state;
    await until(() => hanging.size > 0);
    expect(breakerOf(latchkey, 'mixer')).toBe('half-open');
    for (const { finish } of others) expect((await finish()).text).toContain('It has been failing since');
    expect(arrivedAt(latchkey, 'mixer')).toBe(6);
    // A refusal is an answer, too.
    for (const response of hanging) response.status(400).json({ error: 'invalid_grant' });
    expect((await probing).heading).toBe('The code from Mixer was too old');
    expect(breakerOf(latchkey, 'mixer')).toBe('closed');
    faults().clear();
    expect((await signIn(visitor, latchkey.baseUrl, 'Mixer')).heading).toBe('Your accounts');
    expect((await home()).$('.go .warn')).toHaveLength(0);
    const logged = latchkey.logLines.filter((line) => line.includes('"msg":"provider.'));
    expect(logged.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'provider.failing',
      'provider.tried',
      'provider.works',
    ]);
  });

  test('a probe that fails keeps it open for another fifteen seconds, and since when it fails stays', async () => {
    await start();
    await openCircuit(latchkey, 'mixer');
    const { failingSince } = trafficOf(latchkey, 'mixer').breaker;
    latchkey.advance(15_000);
    await (await comeBackFrom(latchkey, 'mixer')).finish();
    expect([breakerOf(latchkey, 'mixer'), arrivedAt(latchkey, 'mixer')]).toEqual(['open', 6]);
    expect(trafficOf(latchkey, 'mixer').breaker.failingSince).toBe(failingSince);
    await (await comeBackFrom(latchkey, 'mixer')).finish();
    expect(arrivedAt(latchkey, 'mixer')).toBe(6);
  });
});

describe('what counts as a failure', () => {
  test.each<[FaultName, string]>([
    ['token_503', 'server-error'],
    ['token_hang', 'timeout'],
    ['token_cut', 'connection-error'],
  ])('%s', async (fault, outcome) => {
    // Whatever else is answered has its usual time.
    await start(fault === 'token_hang' ? { httpLimits: quick } : {});
    await openCircuit(latchkey, 'mixer', fault);
    expect([breakerOf(latchkey, 'mixer'), outcomes()]).toEqual(['open', Array(5).fill(outcome)]);
  });

  test.each<[Service, FaultName, string]>([
    ['mixer', 'token_code_expired', 'answered'],
    ['mixer', 'token_wrong_secret', 'answered'],
    ['mixer', 'token_html', 'answered'],
    ['mixer', 'token_redirect', 'unreadable'],
    ['mixer', 'token_huge', 'unreadable'],
    ['mixin', 'token_error_in_200', 'answered'],
  ])('not %s %s', async (service, fault, outcome) => {
    await start();
    await openCircuit(latchkey, service, fault);
    await (await comeBackFrom(latchkey, service)).finish();
    expect(outcomes()).toEqual(Array(6).fill(outcome));
    expect(breakerOf(latchkey, service)).toBe('closed');
  });

  test('an error of the provider’s own inside HTTP 202, as Mixin’s are', async () => {
    const error = { error: { status: 202, code: 500, description: 'Internal Server Error' } };
    const server = await startCraftedServer((socket) =>
      socket.end(toAnswer('202 Accepted', {}, JSON.stringify(error))),
    );
    await start({
      env: (sandboxUrl) => ({
        ...yesToAll,
        MIXIN: 'live',
        MIXIN_CLIENT_ID: madeUpClients.mixin.clientId,
        MIXIN_AUTHORIZATION_ENDPOINT: `${sandboxUrl}/mixin.one/oauth/authorize`,
        MIXIN_TOKEN_ENDPOINT: server.url,
      }),
    });
    for (const { finish } of await crowdFrom(latchkey, 'mixin', 5))
      expect((await finish()).heading).toBe('Mixin is not answering');
    expect([breakerOf(latchkey, 'mixin'), outcomes()]).toEqual(['open', Array(5).fill('server-error')]);
    await server.close();
  });

  test('not a person who says no', async () => {
    await start();
    await openCircuit(latchkey, 'mixer', 'authorize_denied');
    expect([breakerOf(latchkey, 'mixer'), outcomes()]).toEqual(['closed', []]);
  });
});

describe('while a circuit is open', () => {
  test('the profile page shows the old copy at once and asks nobody', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Mixer');
    latchkey.advance(minutes(6));
    await openCircuit(latchkey, 'mixer');
    faults().set('mixer', 'userinfo_hang');
    const before = arrivedAt(latchkey, 'mixer');
    const startedAt = performance.now();
    const page = await profile();
    expect(performance.now() - startedAt).toBeLessThan(1500);
    expect([page.status, page.heading, arrivedAt(latchkey, 'mixer')]).toEqual([200, 'Your accounts', before]);
    expect(cardOf(page, 'Mixer')).toContain('We could not reach Mixer. This is the copy from');
    faults().clear();
    latchkey.advance(minutes(1) + 1000);
    expect(cardOf(await profile(), 'Mixer')).not.toContain('We could not reach');
  });

  test('a refresh that is due leaves the tokens as they are, and is made once it has closed', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Resonite');
    const before = await openGrants(latchkey);
    latchkey.advance(hours(2));
    await openCircuit(latchkey, 'resonite');
    expect(cardOf(await profile(), 'Resonite')).toContain('We could not reach Resonite.');
    expect(await openGrants(latchkey)).toEqual(before);
    expect(asked(latchkey, 'refresh')).toHaveLength(0);
    faults().clear();
    latchkey.advance(minutes(1) + 1000);
    expect(cardOf(await profile(), 'Resonite')).toContain('Working');
    expect(asked(latchkey, 'refresh')).toHaveLength(1);
  });

  test('a validation that is due signs nobody out, and is made once it has closed', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Twitch');
    const [before] = await openGrants(latchkey);
    latchkey.advance(minutes(61));
    await openCircuit(latchkey, 'twitch');
    const page = await profile();
    expect([page.status, page.heading]).toEqual([200, 'Your accounts']);
    const [held] = await openGrants(latchkey);
    expect([held!.tokens, held!.ended, held!.check!.dueAt - held!.check!.triedAt]).toEqual([
      before!.tokens,
      null,
      minutes(1),
    ]);
    expect(asked(latchkey, 'validation')).toHaveLength(0);
    faults().clear();
    latchkey.advance(minutes(1) + 1000);
    expect((await profile()).heading).toBe('Your accounts');
    expect(asked(latchkey, 'validation')).toHaveLength(1);
  });

  test('unlinking goes on, and says that the provider has not confirmed it', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Mixer');
    await linkProvider(visitor, latchkey.baseUrl, 'Twitch');
    await openCircuit(latchkey, 'twitch');
    await profile();
    await visitor.press('Unlink Twitch');
    const page = await visitor.press('Unlink Twitch');
    expect(
      page
        .$('article h3')
        .toArray()
        .map((element) => page.$(element).text()),
    ).toContain('Mixer');
    expect(page.text).toContain('did not confirm');
  });
});

test('a login starts while the circuit is open: only its end needs the provider to answer', async () => {
  await start();
  await openCircuit(latchkey, 'resonite');
  const late = await comeBackFrom(latchkey, 'resonite', visitor);
  faults().clear();
  latchkey.advance(15_000);
  expect((await late.finish()).heading).toBe('Your accounts');
});
