/** The part of jest's results that matters here. */
interface FileResult {
  readonly testFilePath: string;
  readonly testResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly invocations?: number;
  }[];
}

/** A machine that stood still explains a few; more are a fault of the tests or of what they test. */
const tolerated = 5;

/**
 * A jest reporter: lists the tests that passed at their second try only, so that none of them is
 * overlooked, and fails the run when they are many.
 */
export default class SecondTries {
  readonly #names: string[] = [];

  onTestResult(_test: unknown, { testFilePath, testResults }: FileResult): void {
    for (const { status, fullName, invocations = 1 } of testResults) {
      if (status === 'passed' && invocations > 1) this.#names.push(`${testFilePath}: ${fullName}`);
    }
  }

  onRunComplete(): void {
    if (this.#names.length === 0) return;
    const verdict = this.getLastError() ? `more than ${tolerated}, so the run fails` : 'look at each of them';
    console.error(`Passed at the second try only: ${this.#names.length} (${verdict})`);
    for (const name of this.#names) console.error(`- ${name}`);
  }

  getLastError(): Error | undefined {
    if (this.#names.length <= tolerated) return undefined;
    return new Error(`${this.#names.length} tests needed a second try`);
  }
}
