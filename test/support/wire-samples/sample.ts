/**
 * How it is known what a provider answers.
 *
 * - `documented`: the provider says so, on a page of its own or in source code that it publishes.
 * - `observed`: somebody published a true answer, or a library's test holds one.
 * - `inferred`: clients expect it, or one good report says so; the answer itself was not published.
 * - `guessed`: nobody says. A standard, or the software that probably answers, fills the gap.
 *
 * Nothing here was tried against the running services.
 */
export const confidences = ['documented', 'observed', 'inferred', 'guessed'] as const;

export type Confidence = (typeof confidences)[number];

/**
 * One answer of a provider. Names of members and fixed texts are the provider's; every other value is
 * made up. Both sides are held to it: what the application must be able to read, the sandbox must send.
 *
 * A path names a member of the body: `data[].email`. An array's members all have the path of its first.
 */
export interface WireSample<Body = unknown> {
  /** The answer in a few words, unlike those of any other sample. */
  readonly what: string;
  /** Public, for whoever wants to look it up. */
  readonly source: string;
  readonly confidence: Confidence;
  readonly request?: { readonly method: 'GET' | 'POST'; readonly url: string };
  /** Null where no source gives it. */
  readonly status: number | null;
  /** Names in lower case; null for a value that is another one each time. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /**
   * What the JSON says; an empty text for no body; the parameters of a callback; header and payload of
   * a JWT. `undefined`, here or in a member, stands for whatever no source describes.
   */
  readonly body: Body;
  /** Paths of members that the provider may leave out. */
  readonly optional?: readonly string[];
  /** Paths of values that are the provider's own, to the letter; the empty path is the body itself. */
  readonly fixed?: readonly string[];
  /** Paths of texts of which only the beginning is known, or stays the same. */
  readonly begins?: readonly string[];
}

/** One whose HTTP status is known. */
export type WireAnswerSample<Body = unknown> = WireSample<Body> & { readonly status: number };
