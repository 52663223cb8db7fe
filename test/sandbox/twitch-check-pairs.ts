import type { Attempt, CheckPair } from './check-pairs.ts';
import { callbackOf, codeGrant } from './support.ts';
import {
  type Changes,
  clientId,
  clientSecret,
  codeFor,
  type Generation,
  type Headers,
  otherClient,
  otherRegistration,
  postToken,
  refreshMembers,
  tokensFor,
} from './twitch-support.ts';

/* What both generations of Twitch refuse, each in a shape of its own. */

export type Refusal = NonNullable<CheckPair['refusal']>;
type Says = (status: number, message: string) => Refusal;
/** A request with some of its members and headers changed. */
export type Send = (changes?: Changes, headers?: Headers) => Attempt;
type Pairs = Readonly<Record<string, CheckPair>>;

export const unknownClientId = 'nobodystwitchclientid000000000';
export const secondUri = 'http://localhost:3000/second/twitch';
export const clients = [otherRegistration];
export const basic = {
  Authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
};

export const refusedTo = (query: string): Refusal => [
  302,
  `${callbackOf('twitch')}?${query}&state=the-state`,
];

/** The checks that come first at a token endpoint, whatever is asked for. */
export const commonPairs = (says: Says, sendWith: Send, otherGrantType = 'password'): Pairs => ({
  'a client id is given': {
    broken: sendWith({ client_id: null }),
    refusal: says(400, 'missing client id'),
  },
  'the client id is registered': {
    broken: sendWith({ client_id: unknownClientId }),
    refusal: says(400, 'invalid client'),
  },
  'a client secret is given, and not by HTTP Basic': {
    broken: sendWith({ client_secret: null }, basic),
    kept: sendWith({}, basic),
    refusal: says(400, 'missing client secret'),
  },
  'the client secret is the right one': {
    broken: sendWith({ client_secret: otherClient.client_secret }),
    refusal: says(403, 'invalid client secret'),
  },
  'a grant type is given': {
    broken: sendWith({ grant_type: null }),
    refusal: says(400, 'missing grant type'),
  },
  'the grant type is one of those played here': {
    broken: sendWith({ grant_type: otherGrantType }),
    refusal: says(400, 'invalid grant type'),
  },
});

const tenMinutes = 10 * 60 * 1000;

/** What is checked of a code itself; `exchangeCode` sends a new one. */
export function codePairs(says: Says, api: Generation, exchangeCode: Send): Pairs {
  const refusal = says(400, 'Invalid authorization code');
  const exchangeAfter =
    (milliseconds: number): Attempt =>
    async (sandbox) => {
      const code = await codeFor(sandbox, api);
      sandbox.clock.milliseconds += milliseconds;
      return postToken(sandbox, api, codeGrant('twitch', code));
    };
  /** Two requests with a code each, or with the same. */
  const exchangeTwice =
    (isSame: boolean): Attempt =>
    async (sandbox) => {
      const code = await codeFor(sandbox, api);
      await postToken(sandbox, api, codeGrant('twitch', code));
      const next = isSame ? code : await codeFor(sandbox, api);
      return postToken(sandbox, api, codeGrant('twitch', next));
    };
  return {
    'the code was given to this client': { broken: exchangeCode(otherClient), refusal },
    'the code was not used before': {
      broken: exchangeTwice(true),
      kept: exchangeTwice(false),
      refusal,
    },
    'the code has not expired': {
      broken: exchangeAfter(tenMinutes),
      kept: exchangeAfter(tenMinutes - 1),
      refusal,
    },
  };
}

/** Sends a new refresh token. */
export const refreshAt =
  (api: Generation): Send =>
  (changes = {}, headers = {}) =>
  async (sandbox) => {
    const { refresh_token } = await tokensFor(sandbox, api);
    return postToken(sandbox, api, refreshMembers(refresh_token, changes), headers);
  };

/** What is checked of a refresh token itself. */
export function refreshPairs(says: Says, api: Generation): Pairs {
  const refresh = refreshAt(api);
  const refusal = says(400, 'Invalid refresh token');
  /** With a rotation in between, or without. */
  const refreshTwice =
    (isRotated: boolean): Attempt =>
    async (sandbox) => {
      const { refresh_token } = await tokensFor(sandbox, api);
      if (isRotated) sandbox.state.faults.set('twitch', 'refresh_token_rotated');
      await postToken(sandbox, api, refreshMembers(refresh_token));
      sandbox.state.faults.clear();
      return postToken(sandbox, api, refreshMembers(refresh_token));
    };
  return {
    'a refresh token is given': {
      broken: refresh({ refresh_token: null }),
      refusal: says(400, 'missing refresh token'),
    },
    'the refresh token was given to this client': { broken: refresh(otherClient), refusal },
    'the refresh token was not replaced by a newer one': {
      broken: refreshTwice(true),
      kept: refreshTwice(false),
      refusal,
    },
  };
}
