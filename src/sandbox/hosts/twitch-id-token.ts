import { issueIdToken, leftHalfOfHash } from '../id-token.ts';
import type { RequestParts } from '../parts.ts';
import type { AuthorizationCode } from '../records.ts';
import { findRegistration } from '../registrations.ts';
import { described } from '../token-request.ts';
import { twitchClaims } from './twitch-claims.ts';

type Granted = Pick<AuthorizationCode, 'clientId' | 'personId' | 'scopes' | 'nonce' | 'claims'>;

/** What is handed out together with the ID token, and bound to it by a hash. */
export interface Companions {
  accessToken: string | null;
  code: string | null;
}

/** For fifteen minutes, as the samples of Twitch's documentation are; undefined where openid was not granted. */
export function issueTwitchIdToken(
  parts: RequestParts,
  granted: Granted,
  { accessToken, code }: Companions,
): string | undefined {
  if (!granted.scopes.includes('openid')) return undefined;
  const person = described(parts, parts.state.people.get(granted.personId));
  const claims = twitchClaims(person, granted.claims.idToken, granted.scopes);
  const idToken = issueIdToken(parts, {
    clientSecret: findRegistration(parts.registrations, 'twitch', granted.clientId)?.clientSecret ?? '',
    issuer: `${parts.baseUrl}/id.twitch.tv/oauth2`,
    audience: granted.clientId,
    subject: person.twitch.id,
    lifetimeSeconds: 900,
    nonce: granted.nonce,
    accessToken,
    claims: code === null ? claims : { ...claims, c_hash: leftHalfOfHash(code) },
  });
  return idToken ?? undefined;
}
