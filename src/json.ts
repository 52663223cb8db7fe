import type { z } from 'zod';

/** What came from outside does not have the shape it must have. Names the place, never the value. */
export class ShapeError extends Error {
  constructor(place: string) {
    super(`not as expected: ${place}`);
    this.name = 'ShapeError';
  }
}

/** Parses JSON text from outside. Throws `ShapeError` when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ShapeError('the text is not JSON');
  }
}

/**
 * Checks a value from outside against a schema and returns the checked copy. Throws `ShapeError`
 * with the path of the first misfit.
 */
export function readShape<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.join('.') ?? '';
  throw new ShapeError(path === '' ? 'the whole value' : path);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
