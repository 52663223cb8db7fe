/** What is wrong with one member of an input, in words that say what is allowed. */
export interface Problem {
  readonly field: string;
  readonly words: string;
}

/** A control request that cannot be done; the page and the API both tell it, each in its way. */
export class ControlError extends Error {
  readonly status: 400 | 403 | 404;
  /** The name of the mistake, for scripts. */
  readonly error: string;
  readonly problems: readonly Problem[];

  constructor(status: ControlError['status'], error: string, problems: readonly Problem[]) {
    super(problems.map(({ words }) => words).join(' '));
    this.name = 'ControlError';
    this.status = status;
    this.error = error;
    this.problems = problems;
  }
}

export function notAllowed(field: string, words: string): ControlError {
  return new ControlError(400, 'invalid_input', [{ field, words }]);
}

export function notFound(words: string): ControlError {
  return new ControlError(404, 'not_found', [{ field: '', words }]);
}
