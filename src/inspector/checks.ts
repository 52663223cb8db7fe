import type { LoginErrorCode } from '../errors.ts';
import {
  bestPractice,
  fetchMetadata,
  http,
  issuer,
  jwk,
  oauth2,
  openId,
  ours,
  pkce,
  revocation,
  type Source,
} from './sources.ts';
import type { StepKind } from './trace.ts';

export interface CheckFacts {
  readonly title: string;
  /** The step that it is about; null for whichever message was the last. */
  readonly step: StepKind | null;
  /** `stops`: what does not hold ends the flow. `warns`: it goes on. */
  readonly severity: 'stops' | 'warns';
  readonly expected: string;
  readonly source: Source;
  /** What is found is a whole sentence, and says what to do. */
  readonly explains?: true;
  /** The result in a word, where others fit better than `Holds`, `Failed` and `Not used`. */
  readonly words?: { readonly passed?: string; readonly failed?: string; readonly skipped?: string };
}

const stops = (
  title: string,
  step: StepKind | null,
  expected: string,
  source: Source,
  words: NonNullable<CheckFacts['words']> = {},
): CheckFacts => ({ title, step, severity: 'stops', expected, source, words });
const warns = (...facts: Parameters<typeof stops>): CheckFacts => ({ ...stops(...facts), severity: 'warns' });

/** What a check of the setup has found, in its own words. */
const reports = (...facts: Parameters<typeof stops>): CheckFacts => ({
  ...stops(...facts),
  explains: true,
  words: { passed: 'Fine', failed: 'Wrong', skipped: 'Not seen' },
});

const matches = { passed: 'Matches', failed: 'Differs' };
const sent = { passed: 'Sent', skipped: 'Not sent' };
const present = { passed: 'Present', failed: 'Missing', skipped: 'Not asked for' };
const idToken = openId('3.1.3.7', 'IDTokenValidation');

/** Every check of a flow, in the order in which a reader meets them. */
const table = {
  'same-origin': stops(
    'The request comes from our own page',
    'start',
    'Sec-Fetch-Site same-origin, or our own Origin',
    fetchMetadata,
  ),

  'redirect-uri': stops(
    'Return address',
    'authorization',
    'the one address made from BASE_URL',
    oauth2('3.1.2'),
    {
      passed: 'Same',
    },
  ),
  pkce: stops('PKCE', 'authorization', 'a code challenge, where the provider takes one', pkce('4.3'), sent),
  nonce: stops(
    'Nonce',
    'authorization',
    'a nonce, where an ID token brings it back',
    openId('3.1.2.1', 'AuthRequest'),
    sent,
  ),
  force: warns(
    'Asking the person again',
    'authorization',
    'the provider’s own parameter, when it was wished',
    ours('src/login/flow.ts'),
    sent,
  ),

  'once-each': stops('Parameters', 'callback', 'each at most once', oauth2('3.1')),
  state: stops(
    'State',
    'callback',
    'one that we gave to this browser, and still know',
    oauth2('10.12'),
    matches,
  ),
  binding: stops(
    'Browser',
    'callback',
    'the cookie of the browser that started',
    bestPractice('4.7'),
    matches,
  ),
  'in-time': stops(
    'Time since the start',
    'callback',
    'ten minutes at most',
    ours('src/login/transaction.ts'),
    {
      passed: 'In time',
      failed: 'Too late',
    },
  ),
  'first-time': stops('Use of the state', 'callback', 'the first', ours('src/login/transaction.ts'), {
    passed: 'First',
    failed: 'Again',
  }),
  'same-provider': stops(
    'Provider',
    'callback',
    'the one that the login left for',
    bestPractice('4.4'),
    matches,
  ),
  'same-account': stops(
    'Account here',
    'callback',
    'the one that started',
    ours('docs/security.md'),
    matches,
  ),
  iss: stops('Issuer (iss)', 'callback', 'the issuer, to the letter', issuer('2.4'), {
    ...matches,
    skipped: 'Not sent',
  }),
  'no-error': stops('Error of the provider', 'callback', 'none', oauth2('4.1.2.1'), {
    passed: 'None',
    failed: 'Error',
  }),
  code: stops('Code', 'callback', 'one, of at most 4096 characters', oauth2('4.1.2'), present),

  sent: stops('Sending', null, 'a provider that may be asked', ours('src/oauth/gate.ts'), {
    failed: 'Not sent',
  }),
  answer: stops('Answer', null, 'one within the limits of time and size', http('15'), {
    passed: 'Came',
    failed: 'None',
  }),
  status: warns('Status', null, '200', http('15'), { passed: 'Fine', failed: 'Unusual' }),
  clock: warns('Clock of the provider', null, 'within half a minute of ours', http('6.6.1'), {
    passed: 'Agrees',
    failed: 'Differs',
  }),

  'token-granted': stops('Token request', 'token', 'granted', oauth2('5.2'), {
    passed: 'Granted',
    failed: 'Refused',
  }),
  'token-shape': stops('Shape of the token response', 'token', 'the fields of the standard', oauth2('5.1'), {
    passed: 'Fits',
    failed: 'Unfit',
  }),
  scope: warns('Scope', 'token', 'all that was asked for', oauth2('3.3'), {
    passed: 'All',
    failed: 'Fewer',
  }),
  'id-token': stops('ID token', 'token', 'one that we can read', openId('3.1.3.3', 'TokenResponse'), present),
  'id-token-signature': stops(
    'Signature of the ID token',
    'token',
    'RS256 by a key of the provider',
    idToken,
    {
      passed: 'Genuine',
    },
  ),
  'id-token-iss': stops('Issuer of the ID token (iss)', 'token', 'the issuer', idToken, matches),
  'id-token-aud': stops('Audience of the ID token (aud)', 'token', 'our client id', idToken, matches),
  'id-token-azp': stops(
    'Authorized party of the ID token (azp)',
    'token',
    'our client id, or none',
    idToken,
    matches,
  ),
  'id-token-exp': stops('End of the ID token (exp)', 'token', 'in the future', idToken, {
    passed: 'Ahead',
    failed: 'Over',
  }),
  'id-token-iat': stops('Age of the ID token (iat)', 'token', 'made in the last ten minutes', idToken, {
    passed: 'Recent',
    failed: 'Not recent',
  }),
  'id-token-sub': stops('Subject of the ID token (sub)', 'token', 'one', openId('2', 'IDToken'), present),
  'id-token-nonce': stops('Nonce of the ID token', 'token', 'the nonce that we sent', idToken, {
    ...matches,
    skipped: 'Not used',
  }),
  'id-token-at-hash': stops(
    'Access token’s hash in the ID token (at_hash)',
    'token',
    'that of the access token, where there is one',
    openId('3.1.3.8', 'CodeFlowTokenValidation'),
    { ...matches, skipped: 'Not sent' },
  ),
  keys: stops('Key set', 'keys', 'public keys of the provider', jwk('5'), { passed: 'Read' }),

  'refresh-granted': stops('Refresh', 'refresh', 'new tokens', oauth2('6'), {
    passed: 'Granted',
    failed: 'Refused',
  }),
  'refresh-person': stops(
    'Owner of the new tokens',
    'refresh',
    'the same person, where an ID token says so',
    openId('12.2', 'RefreshTokenResponse'),
    { ...matches, skipped: 'Not said' },
  ),

  'userinfo-granted': stops('Profile request', 'userinfo', 'granted', oauth2('7'), {
    passed: 'Granted',
    failed: 'Refused',
  }),
  'request-id': stops(
    'X-Request-Id of the answer',
    'userinfo',
    'that of the request, where it is sent',
    ours('docs/providers/mixin.md'),
    { ...matches, skipped: 'Not sent' },
  ),
  integrity: stops(
    'X-Integrity-Token',
    'userinfo',
    'signed by the provider, over this very answer',
    ours('docs/providers/mixin.md'),
    { passed: 'Genuine', skipped: 'Not sent' },
  ),
  'userinfo-shape': stops(
    'Shape of the profile',
    'userinfo',
    'an object with a subject',
    openId('5.3.2', 'UserInfoResponse'),
    { passed: 'Fits', failed: 'Unfit' },
  ),
  subject: stops(
    'Subject of the profile',
    'userinfo',
    'the person we expect',
    openId('5.3.2', 'UserInfoResponse'),
    {
      ...matches,
      skipped: 'Not said',
    },
  ),

  'token-stands': stops('Access token', 'validation', 'one that still stands', bestPractice('4.9.1'), {
    passed: 'Stands',
    failed: 'Over',
  }),
  audience: stops(
    'Owner of the access token',
    'validation',
    'our client id and this person',
    bestPractice('4.9.1'),
    matches,
  ),
  revoked: stops(
    'Revocation',
    'revocation',
    'confirmed, also for a token that was over already',
    revocation('2.2'),
    {
      passed: 'Confirmed',
      failed: 'Unconfirmed',
    },
  ),

  'trial-answer': reports('Authorization endpoint', 'trial-authorization', 'an answer', oauth2('3.1')),
  'client-known': reports(
    'Client id and return address',
    'trial-authorization',
    'a page where somebody can sign in',
    oauth2('3.1.2.4'),
  ),
  'trial-token-answer': reports('Token endpoint', 'trial-token', 'an answer', oauth2('3.2')),
  'secret-known': reports(
    'Client authentication',
    'trial-token',
    'a refusal of the made-up code, and not of us',
    oauth2('5.2'),
  ),

  'still-signed-in': stops(
    'Session that started',
    null,
    'still there, where something is linked to it',
    ours('docs/security.md'),
    { passed: 'There', failed: 'Ended', skipped: 'Not needed' },
  ),
  account: stops(
    'Account',
    null,
    'a decision by the linking table',
    ours('src/accounts/resolve-account.ts'),
    {
      passed: 'Decided',
      failed: 'Refused',
    },
  ),
  session: stops('Session', null, 'a new session id', ours('src/sessions/session.ts'), {
    passed: 'Renewed',
    failed: 'Not renewed',
    skipped: 'Kept',
  }),
  'our-side': stops('Our own side', null, 'no fault of ours', ours('src/errors.ts')),
} as const satisfies Record<string, CheckFacts>;

/** What the check of an ID token found where the token response has none. */
export const noneCame = 'none';

export type CheckName = keyof typeof table;
export const checks: Readonly<Record<CheckName, CheckFacts>> = table;

/** The check that each error says has failed, where none was recorded closer to it. */
export const checkOfCode: Readonly<Record<LoginErrorCode, CheckName>> = {
  state_unknown: 'state',
  state_expired: 'in-time',
  state_used: 'first-time',
  session_changed: 'same-account',
  no_cookie: 'binding',
  authorization_denied: 'no-error',
  authorization_refused: 'no-error',
  redirect_mismatch: 'no-error',
  authorization_response_invalid: 'code',
  provider_unreachable: 'answer',
  provider_busy: 'answer',
  token_request_refused: 'token-granted',
  token_response_invalid: 'token-shape',
  id_token_invalid: 'id-token',
  userinfo_request_refused: 'userinfo-granted',
  userinfo_response_invalid: 'userinfo-shape',
  clock_differs: 'userinfo-granted',
  identity_already_linked: 'account',
  identity_changed: 'account',
  last_identity: 'account',
  reauthentication_needed: 'account',
  access_ended: 'token-stands',
  provider_closed: 'our-side',
  provider_not_configured: 'our-side',
};

const usualWords = { passed: 'Holds', failed: 'Failed', skipped: 'Not used' };

/** The result in a word. */
export function resultWords(name: CheckName, result: keyof typeof usualWords): string {
  return checks[name].words?.[result] ?? usualWords[result];
}
