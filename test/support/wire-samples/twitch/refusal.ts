import type { Confidence, WireAnswerSample } from '../sample.ts';

interface Refusal {
  readonly what: string;
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly status: number;
  readonly message: string;
  readonly source: string;
  readonly confidence?: Confidence;
  /** Where not the whole message is known. */
  readonly begins?: true;
}

export type TwitchRefusal = WireAnswerSample<{ readonly status: number; readonly message: string }>;

/** The shape of id.twitch.tv: two members, and no `error` (RFC 6749 5.2 wants one). */
export function twitchRefusal(refusal: Refusal): TwitchRefusal {
  const { what, url, method = 'POST', status, message, source, confidence = 'observed', begins } = refusal;
  return {
    what: `Twitch: ${what}`,
    source,
    confidence,
    request: { method, url },
    status,
    body: { status, message },
    ...(begins ? { fixed: ['status'], begins: ['message'] } : { fixed: ['status', 'message'] }),
  };
}
