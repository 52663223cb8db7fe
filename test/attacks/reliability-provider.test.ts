import { arrivedAt, breakerOf, crowdFrom, trafficOf, yesToAll } from '../keeping-going/support.ts';
import { collectGarbage } from '../support/garbage.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { signIn } from '../support/visitor.ts';
import { attack } from './attack.ts';

/* Seconds, and what the others notice, are in test/keeping-going/one-provider-hangs.test.ts. */

// Without the witness of the other attacks, which remembers every answer.
let latchkey: RunningLatchkey;
afterEach(() => latchkey.close());

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

attack('REL-09', () => {
  test('five hundred logins at a provider that hangs: few are sent, all are told, and nothing is kept of them', async () => {
    const httpLimits = { totalMilliseconds: 3000, maximumBytes: 256 * 1024 };
    latchkey = await startLatchkey({ httpLimits, env: { ...yesToAll, INSPECTOR: 'off' } });
    const { faults } = latchkey.sandbox.state;
    // A first hundred, for what is kept once and for all.
    const warmUp = await crowdFrom(latchkey, 'resonite', 100);
    faults.set('resonite', 'token_hang');
    await Promise.all(warmUp.map(({ finish }) => finish()));
    const before = heapMegabytes();

    for (let hundred = 0; hundred < 4; hundred++) {
      latchkey.advance(15_000);
      const crowd = await crowdFrom(latchkey, 'resonite', 100);
      const pages = await Promise.all(crowd.map(({ finish }) => finish()));
      for (const page of pages) {
        expect(page.status).toBe(503);
        expect(page.headers['retry-after']).toMatch(/^\d+$/);
      }
      expect((await signIn(crowd[0]!.visitor, latchkey.baseUrl, 'Twitch')).heading).toBe('Your accounts');
    }
    // At first as many as may be under way, and those that took a place before the fifth had failed;
    // later one probe each time.
    expect(arrivedAt(latchkey, 'resonite')).toBeLessThanOrEqual(20 + 5 + 4);
    expect(trafficOf(latchkey, 'resonite')).toMatchObject({ inFlight: 0, waiting: 0 });
    expect(breakerOf(latchkey, 'resonite')).toBe('open');
    expect(await latchkey.listRecords('session')).toHaveLength(4);
    // What the sandbox and the tests remember of four hundred logins is in it, too.
    expect(heapMegabytes() - before).toBeLessThan(30);

    faults.clear();
    latchkey.advance(15_000);
    const [probe, ...others] = await crowdFrom(latchkey, 'resonite', 5);
    expect((await probe!.finish()).heading).toBe('Your accounts');
    expect(breakerOf(latchkey, 'resonite')).toBe('closed');
    for (const { finish } of others) expect((await finish()).heading).toBe('Your accounts');
  }, 120_000);
});
