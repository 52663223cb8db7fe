declare const of: unique symbol;

/** Data as JSON. */
export type Kept<T> = string & { readonly [of]: T };

/**
 * Messages are kept as text until somebody looks. To keep them as many small objects, which the garbage
 * collector walks and moves, was a quarter of what recording cost.
 */
export const keep = <T>(value: T): Kept<T> => JSON.stringify(value) as Kept<T>;

export const readKept = <T>(kept: Kept<T>): T => JSON.parse(kept) as T;
