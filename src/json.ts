import type { z } from 'zod';

/** What came from outside does not have the shape it must have. Names the place, never the value. */
export class ShapeError extends Error {
  constructor(place: string) {
    super(`not as expected: ${place}`);
    this.name = 'ShapeError';
  }
}

/** Far deeper than any message here. What is nested by the thousand can be parsed, but not written again. */
const deepestLevel = 32;

/** Parses JSON text from outside. Throws `ShapeError` when it is none, or nested without end. */
export function readJson(text: string): unknown {
  const value = parseJson(text);
  if (isDeeperThan(value, deepestLevel)) throw new ShapeError('nested too deeply');
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ShapeError('the text is not JSON');
  }
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(member, levels - 1));
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
