import type { FaultName } from '../../src/sandbox/faults.ts';
import type { Service } from '../../src/sandbox/services.ts';
import { serviceNames } from '../../src/sandbox/services.ts';
import { asked, cardOf, hours } from '../sessions/support.ts';
import { type LatchkeyOptions, type RunningLatchkey, startLatchkey } from '../support/latchkey.ts';
import { until } from '../support/until.ts';
import { signIn, Visitor } from '../support/visitor.ts';
import { arrivalsAt, yesToAll } from './support.ts';

let latchkey: RunningLatchkey;
let visitor: Visitor;

async function start(options: LatchkeyOptions = {}): Promise<void> {
  latchkey = await startLatchkey({ env: yesToAll, ...options });
  visitor = new Visitor();
}
afterEach(() => latchkey.close());

const ended = () => latchkey.finishedRequests.map(({ kind, outcome }) => `${kind} ${outcome}`);

test.each<Service>(['twitch', 'mixer', 'mixin', 'resonite'])(
  'a profile of %s whose connection breaks is asked for once more, and the login goes on',
  async (service) => {
    await start();
    latchkey.sandbox.state.faults.set(service, 'userinfo_cut', 'next');
    const page = await signIn(visitor, latchkey.baseUrl, serviceNames[service]);
    expect(page.heading).toBe('Your accounts');
    expect(ended().filter((request) => !request.startsWith('keys'))).toEqual([
      'token answered',
      'userinfo connection-error',
      'userinfo answered',
    ]);
    expect(asked(latchkey, 'userinfo')).toHaveLength(2);
  },
);

test('one whose connection breaks twice is not asked for a third time', async () => {
  await start();
  latchkey.sandbox.state.faults.set('mixer', 'userinfo_cut');
  expect((await signIn(visitor, latchkey.baseUrl, 'Mixer')).heading).toBe('Mixer is not answering');
  expect(asked(latchkey, 'userinfo')).toHaveLength(2);
});

test('a second try that takes too long ends within the time of both', async () => {
  const totalMilliseconds = 2000;
  await start({ httpLimits: { totalMilliseconds, maximumBytes: 256 * 1024 } });
  const { faults, hanging } = latchkey.sandbox.state;
  faults.set('mixer', 'userinfo_hang');
  const signingIn = signIn(visitor, latchkey.baseUrl, 'Mixer');
  await until(() => hanging.size === 1);
  // Half of the time is gone when the connection breaks.
  const since = performance.now();
  await until(() => performance.now() - since >= totalMilliseconds / 2);
  for (const response of hanging) response.destroy();
  expect((await signingIn).heading).toBe('Mixer is not answering');
  expect(ended().slice(-2)).toEqual(['userinfo connection-error', 'userinfo timeout']);
  const [first, second] = latchkey.finishedRequests.slice(-2);
  expect(first!.milliseconds).toBeGreaterThanOrEqual(totalMilliseconds / 2 - 10);
  // It had the other half, and not the whole once more.
  expect(second!.milliseconds).toBeLessThan(totalMilliseconds - 100);
});

test.each<FaultName>(['userinfo_500', 'userinfo_429', 'userinfo_401', 'userinfo_huge'])(
  'a profile that is answered with %s is not asked for again',
  async (fault) => {
    await start();
    latchkey.sandbox.state.faults.set('mixer', fault);
    await signIn(visitor, latchkey.baseUrl, 'Mixer');
    expect(asked(latchkey, 'userinfo')).toHaveLength(1);
  },
);

test.each<[Service, FaultName]>([
  ['twitch', 'token_cut'],
  ['mixer', 'token_cut'],
  ['mixin', 'token_cut'],
  ['resonite', 'token_cut'],
  ['twitch', 'token_500'],
  ['resonite', 'token_429'],
])('a code is sent once, whatever happens: %s with %s', async (service, fault) => {
  await start();
  latchkey.sandbox.state.faults.set(service, fault);
  await signIn(visitor, latchkey.baseUrl, serviceNames[service]);
  expect(arrivalsAt(latchkey, service).map(({ method }) => method)).toEqual(['POST']);
});

test('a refresh token is sent once, when the connection breaks, too', async () => {
  await start();
  await signIn(visitor, latchkey.baseUrl, 'Resonite');
  latchkey.sandbox.state.faults.set('resonite', 'refresh_cut');
  latchkey.advance(hours(2));
  const page = await visitor.open(`${latchkey.baseUrl}/profile`);
  expect(cardOf(page, 'Resonite')).toContain('We could not reach Resonite.');
  expect(asked(latchkey, 'refresh')).toHaveLength(1);
});
