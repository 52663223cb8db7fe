import type { Response } from 'supertest';
import type { SandboxOptions } from '../../src/sandbox/app.ts';
import type { RequestRecord } from '../../src/sandbox/request-log.ts';
import { testSandbox, type TestSandbox } from './support.ts';

/** Does whatever has to come before, and at last the one request that is judged. */
export type Attempt = (sandbox: TestSandbox) => Promise<unknown>;

export interface CheckPair {
  /** Breaks this check and none that comes before it. */
  readonly broken: Attempt;
  /** The nearest request that keeps it; by default the good one of the endpoint. */
  readonly kept?: Attempt;
  /** The status of the refusal, and its body or where it redirects to, when `broken` gives the response. */
  readonly says?: readonly [status: number, bodyOrLocation: string];
}

export interface CheckedEndpoint {
  /** What it is, for the titles. */
  readonly title: string;
  readonly checks: readonly { readonly name: string; readonly source: string }[];
  readonly good: Attempt;
  /** By the names of the checks, in their order. */
  readonly pairs: Readonly<Record<string, CheckPair>>;
  readonly options?: Partial<SandboxOptions>;
}

interface Outcome {
  record: RequestRecord;
  response: Response;
}

async function outcomeOf(attempt: Attempt, options: Partial<SandboxOptions> = {}): Promise<Outcome> {
  const sandbox = await testSandbox({ autoApprove: true, ...options });
  const response = (await attempt(sandbox)) as Response;
  return { record: sandbox.state.requests.at(-1)!, response };
}

/** Each check of an endpoint, from both of its sides. */
export function describeChecks({ title, checks, good, pairs, options }: CheckedEndpoint): void {
  describe(title, () => {
    test('has a pair of requests for each check, and says where each rule comes from', () => {
      expect(Object.keys(pairs)).toEqual(checks.map(({ name }) => name));
      expect(checks.filter(({ source }) => source.length < 8)).toEqual([]);
    });

    test.each(Object.entries(pairs))('refuses a request unless: %s', async (name, { broken, says }) => {
      const { record, response } = await outcomeOf(broken, options);
      const { failedCheck, faults } = record;
      const { source } = checks.find((check) => check.name === name)!;
      expect([failedCheck, faults]).toEqual([{ name, source }, []]);
      if (says) expect([response.status, response.headers['location'] ?? response.text]).toEqual(says);
    });

    test.each(Object.entries(pairs))('lets a request pass where: %s', async (_name, { kept = good }) => {
      const { failedCheck, status, verdict } = (await outcomeOf(kept, options)).record;
      expect([failedCheck, verdict]).toEqual([null, 'ok']);
      expect(status).toBeLessThan(400);
    });
  });
}
