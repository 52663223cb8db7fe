import { createFlows, type FlowLimits } from '../../src/inspector/flows.ts';
import type { Flow } from '../../src/inspector/trace.ts';

let clock = 1_000_000;
const now = () => clock;
const hour = 60 * 60 * 1000;
const limits: FlowLimits = { flows: 3, bytes: 1000, milliseconds: hour };

function flow(id: string, bytes = 10, owner = 'browser a'): Flow {
  return {
    id,
    purpose: 'sign-in',
    provider: { id: 'one', name: 'One' },
    mode: 'live',
    startedAt: clock,
    endedAt: null,
    owners: new Set([owner]),
    requestedScope: [],
    grantedScope: null,
    redirectUri: '',
    usesSecret: true,
    steps: [],
    result: { kind: 'waiting' },
    notes: [],
    bytes,
    stateMark: null,
  };
}

const ids = (flows: readonly Flow[]) => flows.map(({ id }) => id);

test('the oldest flow goes when there are too many', () => {
  const flows = createFlows(now, limits);
  for (const id of ['1', '2', '3', '4']) flows.add(flow(id));
  expect(ids(flows.list(['browser a']))).toEqual(['4', '3', '2']);
});

test('the oldest flows go when they are too big together, also when one grows later', () => {
  const flows = createFlows(now, limits);
  const third = flow('3', 400);
  for (const one of [flow('1', 400), flow('2', 200), third]) flows.add(one);
  expect(flows.list(['browser a'])).toHaveLength(3);
  third.bytes = 900;
  flows.grown(third);
  expect(ids(flows.list(['browser a']))).toEqual(['3']);
});

test('a flow is gone after an hour by the clock', () => {
  const flows = createFlows(now, limits);
  flows.add(flow('1'));
  flows.nameLogin(flows.list(['browser a'])[0]!, 'state');
  clock += hour - 1;
  expect(flows.get('1', ['browser a'])?.id).toBe('1');
  expect(flows.findLogin('state', 'browser a')?.id).toBe('1');
  clock += 1;
  expect(flows.get('1', ['browser a'])).toBeNull();
  expect(flows.findLogin('state', 'browser a')).toBeNull();
});

test('nobody sees a flow of somebody else, and nobody’s is seen by nobody', () => {
  const flows = createFlows(now, limits);
  flows.add(flow('1', 10, 'browser a'));
  flows.add({ ...flow('2'), owners: new Set() });
  expect(flows.get('1', ['browser b', null])).toBeNull();
  expect(flows.get('1', [null, null])).toBeNull();
  expect(flows.list([null, null])).toEqual([]);
  expect(flows.list([])).toEqual([]);
  expect(flows.get('1', [null, 'browser a'])?.id).toBe('1');
});

test('a state leads to its login in the browser that it was given to alone', () => {
  const flows = createFlows(now, limits);
  const mine = flow('1');
  flows.add(mine);
  flows.nameLogin(mine, 'state');
  expect(flows.findLogin('state', 'browser a')).toBe(mine);
  expect(flows.findLogin('state', 'browser b')).toBeNull();
  expect(flows.findLogin('other', 'browser a')).toBeNull();
});

test('a flow that was too big to be kept is not kept by its state either', () => {
  const flows = createFlows(now, limits);
  const tooBig = flow('1', 2000);
  flows.add(tooBig);
  flows.nameLogin(tooBig, 'state');
  expect(flows.findLogin('state', 'browser a')).toBeNull();
});
