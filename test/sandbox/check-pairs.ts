import type { Response } from 'supertest';
import type { Registration } from '../../src/sandbox/registrations.ts';
import type { RequestRecord } from '../../src/sandbox/request-log.ts';
import { registrations, testSandbox, type TestSandbox } from './support.ts';

/** Does whatever has to come before, and at last the one request that is judged. */
export type Attempt = (sandbox: TestSandbox) => Promise<unknown>;

export interface CheckPair {
  /** Breaks this check and none that comes before it. */
  readonly broken: Attempt;
  /** What the broken request meets: the status, and the whole JSON, or a part of the page or of the address. */
  readonly refusal?: readonly [status: number, answer: unknown];
  /** The nearest request that keeps it; by default the good one of the endpoint. */
  readonly kept?: Attempt;
}

export interface CheckedEndpoint {
  /** What it is, for the titles. */
  readonly title: string;
  readonly checks: readonly { readonly name: string; readonly source: string }[];
  readonly good: Attempt;
  /** Clients beside the usual ones. */
  readonly clients?: readonly Registration[];
  /** By the names of the checks, in their order. */
  readonly pairs: Readonly<Record<string, CheckPair>>;
}

interface Tried {
  last: RequestRecord;
  response: unknown;
}

async function attemptAlone(attempt: Attempt, clients: readonly Registration[] = []): Promise<Tried> {
  const all = [...registrations, ...clients];
  const sandbox = await testSandbox({ autoApprove: true, registrations: all });
  const response = await attempt(sandbox);
  return { last: sandbox.state.requests.at(-1)!, response };
}

function expectRefusal(response: Response, [status, answer]: readonly [number, unknown]): void {
  expect(response.status).toBe(status);
  const text = `${response.headers['location'] ?? ''}${response.text}`;
  if (typeof answer === 'string') expect(text).toContain(answer);
  else expect(response.body).toEqual(answer);
}

/** Each check of an endpoint, from both of its sides. */
export function describeChecks({ title, checks, good, clients, pairs }: CheckedEndpoint): void {
  describe(title, () => {
    test('has a pair of requests for each check, and says where each rule comes from', () => {
      expect(Object.keys(pairs)).toEqual(checks.map(({ name }) => name));
      expect(checks.filter(({ source }) => source.length < 8)).toEqual([]);
    });

    test.each(Object.entries(pairs))('refuses a request unless: %s', async (name, { broken, refusal }) => {
      const { last, response } = await attemptAlone(broken, clients);
      const { failedCheck, faults } = last;
      const { source } = checks.find((check) => check.name === name)!;
      expect([failedCheck, faults]).toEqual([{ name, source }, []]);
      if (refusal) expectRefusal(response as Response, refusal);
    });

    test.each(Object.entries(pairs))('lets a request pass where: %s', async (_name, { kept = good }) => {
      const { failedCheck, status, verdict } = (await attemptAlone(kept, clients)).last;
      expect([failedCheck, verdict]).toEqual([null, 'ok']);
      expect(status).toBeLessThan(400);
    });
  });
}
