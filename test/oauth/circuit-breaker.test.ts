import {
  type BreakerState,
  createCircuitBreaker,
  usualBreakerLimits,
} from '../../src/oauth/circuit-breaker.ts';

const start = 1_700_000_000_000;

function createTimed() {
  let now = start;
  const moves: BreakerState[] = [];
  const breaker = createCircuitBreaker(
    usualBreakerLimits,
    () => now,
    (state) => moves.push(state),
  );
  const request = (end: 'worked' | 'failed') => {
    const reportEnd = breaker.admit();
    reportEnd?.(end);
    return reportEnd !== null;
  };
  const fail = (times: number) => Array.from({ length: times }, () => request('failed'));
  const goTo = (milliseconds: number) => {
    now = start + milliseconds;
  };
  return { breaker, moves, request, fail, goTo };
}

test('four failures within ten seconds leave it closed, the fifth opens it', () => {
  const { breaker, fail, goTo } = createTimed();
  fail(4);
  expect(breaker.state()).toEqual({
    position: 'closed',
    since: start,
    failingSince: null,
    lastFailureAt: null,
  });
  goTo(9_999);
  fail(1);
  expect(breaker.state()).toEqual({
    position: 'open',
    since: start + 9_999,
    failingSince: start,
    lastFailureAt: start + 9_999,
  });
  expect(breaker.admit()).toBeNull();
});

test('failures of more than ten seconds ago do not count', () => {
  const { breaker, fail, goTo } = createTimed();
  fail(4);
  goTo(10_000);
  fail(4);
  expect(breaker.state().position).toBe('closed');
  fail(1);
  expect(breaker.state()).toMatchObject({ position: 'open', failingSince: start + 10_000 });
});

test('what works between failures does not undo them', () => {
  const { breaker, request } = createTimed();
  for (let times = 0; times < 5; times++) {
    request('worked');
    request('failed');
  }
  expect(breaker.state().position).toBe('open');
});

test('after fifteen seconds one request goes, the others do not, and its success closes it', () => {
  const { breaker, fail, goTo, moves } = createTimed();
  fail(5);
  goTo(14_999);
  expect([breaker.admit(), breaker.waitMilliseconds()]).toEqual([null, 1]);
  goTo(15_000);
  const probe = breaker.admit()!;
  expect(breaker.admit()).toBeNull();
  expect(breaker.state()).toMatchObject({ position: 'half-open', failingSince: start });
  goTo(16_000);
  probe('worked');
  expect(breaker.state()).toEqual({
    position: 'closed',
    since: start + 16_000,
    failingSince: null,
    lastFailureAt: null,
  });
  expect(moves.map(({ position }) => position)).toEqual(['open', 'half-open', 'closed']);
  // And it needs five failures again.
  fail(4);
  expect(breaker.state().position).toBe('closed');
});

test('a probe that fails opens it for another fifteen seconds; since when it fails stays', () => {
  const { breaker, request, fail, goTo } = createTimed();
  fail(5);
  goTo(15_000);
  expect(request('failed')).toBe(true);
  expect(breaker.state()).toEqual({
    position: 'open',
    since: start + 15_000,
    failingSince: start,
    lastFailureAt: start + 15_000,
  });
  goTo(29_999);
  expect(request('worked')).toBe(false);
  goTo(30_000);
  expect(request('worked')).toBe(true);
  expect(breaker.state().position).toBe('closed');
});

test('requests from before it opened decide nothing afterwards, neither by working nor by failing', () => {
  const { breaker, fail, goTo } = createTimed();
  const [worksLate, failsLate] = [breaker.admit()!, breaker.admit()!];
  fail(5);
  worksLate('worked');
  expect(breaker.state().position).toBe('open');
  goTo(15_000);
  const probe = breaker.admit()!;
  failsLate('failed');
  expect(breaker.state().position).toBe('half-open');
  probe('worked');
  expect(breaker.state().position).toBe('closed');
});

test('a clock that was set back does not keep it open', () => {
  const { breaker, fail, goTo } = createTimed();
  fail(5);
  goTo(-60 * 60 * 1000);
  expect(breaker.admit()).not.toBeNull();
});
