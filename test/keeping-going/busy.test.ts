import { toVerdict, verdictSentence } from '../../src/inspector/verdict.ts';
import { usualBreakerLimits } from '../../src/oauth/circuit-breaker.ts';
import { flowsOf } from '../inspector/support.ts';
import { cardOf, minutes } from '../sessions/support.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { linkProvider, signIn, Visitor } from '../support/visitor.ts';
import { arrivedAt, breakerOf, comeBackFrom, crowdFrom, letGo, trafficOf, yesToAll } from './support.ts';

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
const hanging = () => latchkey.sandbox.state.hanging;
const verdictOf = (who: Visitor) => verdictSentence(toVerdict(flowsOf(latchkey, who)[0]!, false));
const inLine = () => {
  const { inFlight, waiting } = trafficOf(latchkey, 'mixer');
  return [inFlight, waiting];
};

describe('requests to one provider', () => {
  test('20 are under way, 50 wait, and the next one is refused at once', async () => {
    await start();
    const crowd = await crowdFrom(latchkey, 'mixer', 71);
    const last = crowd.pop()!;
    faults().set('mixer', 'token_hang');
    const finishing = crowd.map(({ finish }) => finish());
    await until(() => hanging().size === 20 && trafficOf(latchkey, 'mixer').waiting === 50);
    expect([inLine(), arrivedAt(latchkey, 'mixer')]).toEqual([[20, 50], 20]);
    const page = await last.finish();
    expect([page.status, page.heading]).toEqual([503, 'Too many people want Mixer at once']);
    expect(page.text).toContain('provider_busy');
    expect(page.headers['retry-after']).toBe('10');
    expect(verdictOf(last.visitor)).toBe(
      'Failed at step 4: nothing was sent to Mixer, because too many requests to it are under way.',
    );
    // Nobody else stands in that line.
    expect((await signIn(visitor, latchkey.baseUrl, 'Resonite')).heading).toBe('Your accounts');
    expect([inLine(), arrivedAt(latchkey, 'mixer')]).toEqual([[20, 50], 20]);
    // Five of the twenty fail: whoever waits is told at once instead of waiting for nothing.
    for (const response of [...hanging()].slice(0, 5)) response.status(500).json({});
    await until(() => breakerOf(latchkey, 'mixer') === 'open');
    const openedAt = performance.now();
    await until(() => trafficOf(latchkey, 'mixer').waiting === 0);
    expect(performance.now() - openedAt).toBeLessThan(2000);
    await until(() => hanging().size === trafficOf(latchkey, 'mixer').inFlight);
    for (const response of hanging()) response.status(400).json({ error: 'invalid_grant' });
    const headings = (await Promise.all(finishing)).map(({ heading }) => heading);
    // Until the fifth had failed, some places had become free.
    const sent = arrivedAt(latchkey, 'mixer');
    expect(sent).toBeLessThanOrEqual(25);
    expect(headings.filter((heading) => heading === 'The code from Mixer was too old')).toHaveLength(
      sent - 5,
    );
    expect(headings.filter((heading) => heading === 'Mixer is not answering')).toHaveLength(70 - sent + 5);
    expect(inLine()).toEqual([0, 0]);
    const outcomes = latchkey.finishedRequests.map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'unsent-too-many')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'unsent-failing')).toHaveLength(70 - sent);
  }, 60_000);

  test('how many there may be is a setting', async () => {
    const settings = { PROVIDER_REQUESTS_IN_FLIGHT: '2', PROVIDER_REQUESTS_WAITING: '0' };
    await start({ env: { ...yesToAll, ...settings } });
    const [last, ...crowd] = await crowdFrom(latchkey, 'mixer', 3);
    faults().set('mixer', 'token_hang');
    const finishing = crowd.map(({ finish }) => finish());
    await until(() => hanging().size === 2);
    expect((await last!.finish()).heading).toBe('Too many people want Mixer at once');
    for (const response of hanging()) response.status(400).json({ error: 'invalid_grant' });
    await Promise.all(finishing);
  });

  const one = { inFlight: 1, waiting: 1, breaker: usualBreakerLimits };

  test('who waits goes on when there is room', async () => {
    await start({ httpLimits: { totalMilliseconds: 8000, maximumBytes: 256 * 1024, gate: one } });
    const [first, second] = await crowdFrom(latchkey, 'mixer', 2);
    faults().set('mixer', 'token_hang');
    const beginning = first!.finish();
    await until(() => hanging().size === 1);
    faults().clear();
    const waiting = second!.finish();
    await until(() => trafficOf(latchkey, 'mixer').waiting === 1);
    expect(arrivedAt(latchkey, 'mixer')).toBe(1);
    for (const response of hanging()) response.status(400).json({ error: 'invalid_grant' });
    expect((await beginning).heading).toBe('The code from Mixer was too old');
    expect((await waiting).heading).toBe('Your accounts');
  });

  test('waiting is part of the time: after half of it nothing is begun any more', async () => {
    const httpLimits = { totalMilliseconds: 2000, maximumBytes: 256 * 1024, gate: one };
    await start({ httpLimits });
    const [first, second] = await crowdFrom(latchkey, 'mixer', 2);
    faults().set('mixer', 'token_hang');
    const beginning = first!.finish();
    await until(() => hanging().size === 1);
    const page = await second!.finish();
    expect(page.heading).toBe('Too many people want Mixer at once');
    expect((await beginning).heading).toBe('Mixer is not answering');
    const [waited, sent] = latchkey.finishedRequests;
    expect([waited!.outcome, sent!.outcome]).toEqual(['unsent-too-many', 'timeout']);
    expect(waited!.milliseconds).toBeGreaterThanOrEqual(990);
    expect(waited!.milliseconds).toBeLessThan(2000);
    expect(arrivedAt(latchkey, 'mixer')).toBe(1);
  });
});

describe('a provider that answers 429 with Retry-After', () => {
  test('is left alone at that address until the time has passed, and then asked again', async () => {
    await start();
    faults().set('mixer', 'token_429');
    const first = await (await comeBackFrom(latchkey, 'mixer')).finish();
    expect([first.status, first.heading, first.headers['retry-after']]).toEqual([
      503,
      'Mixer asks us to wait',
      '30',
    ]);
    faults().clear();
    latchkey.advance(20_000);
    const second = await (await comeBackFrom(latchkey, 'mixer', visitor)).finish();
    expect([second.status, second.heading]).toEqual([503, 'Mixer asks us to wait']);
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(5);
    expect(Number(second.headers['retry-after'])).toBeLessThanOrEqual(10);
    expect(verdictOf(visitor)).toMatch(
      /^Failed at step 4: nothing was sent to Mixer, because it asked us to wait \d+ seconds more\.$/,
    );
    expect(arrivedAt(latchkey, 'mixer')).toBe(1);
    latchkey.advance(10_000);
    expect((await signIn(visitor, latchkey.baseUrl, 'Mixer')).heading).toBe('Your accounts');
  });

  test('is asked as before at its other addresses, and other providers are, too', async () => {
    await start();
    await signIn(visitor, latchkey.baseUrl, 'Mixer');
    faults().set('mixer', 'token_429');
    await (await comeBackFrom(latchkey, 'mixer')).finish();
    latchkey.advance(minutes(5));
    await (await comeBackFrom(latchkey, 'mixer')).finish();
    latchkey.advance(10_000);
    const arrived = arrivedAt(latchkey, 'mixer');
    const page = await visitor.open(`${latchkey.baseUrl}/profile`);
    expect(cardOf(page, 'Mixer')).toContain('Working');
    expect(arrivedAt(latchkey, 'mixer')).toBe(arrived + 1);
    expect((await linkProvider(visitor, latchkey.baseUrl, 'Resonite')).heading).toBe('Your accounts');
  });

  test('is not taken for one that fails, however often', async () => {
    await start();
    faults().set('mixer', 'token_429');
    for (const { finish } of await crowdFrom(latchkey, 'mixer', 6)) {
      await finish();
      latchkey.advance(30_000);
    }
    expect([breakerOf(latchkey, 'mixer'), arrivedAt(latchkey, 'mixer')]).toEqual(['closed', 6]);
    expect((await new Visitor().open(`${latchkey.baseUrl}/`)).$('.go .warn')).toHaveLength(0);
  });
});
