/**
 * - `unique`: a second row with the same key
 * - `missing-reference`: a row that names another one that is not there
 * - `busy`: others held a lock for too long
 * - `unavailable`: everything else; most often the store does not answer
 */
export type StorageErrorKind = 'unique' | 'missing-reference' | 'busy' | 'unavailable';

/**
 * What a database or Redis could not do. Neither its message nor `code` holds a value from a record,
 * and it has no `cause`: the errors underneath quote rows, parameters and sometimes passwords.
 */
export class StorageError extends Error {
  readonly kind: StorageErrorKind;
  /** The underlying error's own code, for the log: `23505`, `SQLITE_13`, `ECONNREFUSED`. */
  readonly code: string | null;

  constructor(kind: StorageErrorKind, code: string | null = null, message: string = kind) {
    super(code === null ? message : message.replace(/\.?$/, (end) => ` (${code})${end}`));
    this.name = 'StorageError';
    this.kind = kind;
    this.code = code;
  }
}

export function isStorageError(error: unknown): error is StorageError {
  return error instanceof StorageError;
}
