import type { RequestParts } from '../parts.ts';

/** Seen on answers with 200 of Kraken too, in a capture of 2014. */
export const twitchRealm = "OAuth realm='TwitchTV'";

/** What a 401 of api.twitch.tv was seen to carry, in single quotes; whether it still does was not found. */
export function twitchChallenge({ faults }: RequestParts): Record<string, string> {
  if (faults.has('challenge_absent')) return {};
  return { 'WWW-Authenticate': `${twitchRealm}, error='invalid_token'` };
}
