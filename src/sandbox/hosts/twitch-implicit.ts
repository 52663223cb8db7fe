import type { Agreed, GrantAtOnce } from '../callback.ts';
import type { Exchange } from '../parts.ts';
import type { AccessToken } from '../records.ts';
import { issueAccessToken } from '../tokens.ts';
import { issueTwitchIdToken } from './twitch-id-token.ts';

/** About sixty days: 4 999 199 to 5 520 838 seconds were seen. */
export const sixtyDays = [4_999_199, 5_520_839] as const;

/** RFC 6749 4.2: a token without a code, and none to refresh it with. */
function issueImplicitToken({ parts }: Exchange, { pending, personId, scopes }: Agreed): AccessToken {
  const { random } = parts;
  return issueAccessToken(
    parts,
    { ...pending, personId, scopes },
    random.lower(30),
    random.integer(...sixtyDays),
  );
}

/** The order of the samples in Twitch's documentation, dev.twitch.tv: "Getting OAuth Access Tokens" and "OIDC". */
export const twitchGrantedAtOnce: GrantAtOnce = (exchange, agreed, code) => {
  const { pending, personId, scopes } = agreed;
  const words = pending.responseType.split(' ');
  const token = words.includes('token') ? issueImplicitToken(exchange, agreed) : null;
  const granted = { ...pending, personId, scopes };
  const companions = { accessToken: token?.value ?? null, code };
  const idToken = words.includes('id_token')
    ? issueTwitchIdToken(exchange.parts, granted, companions)
    : undefined;
  return {
    access_token: token?.value ?? null,
    code,
    id_token: idToken ?? null,
    scope: scopes.join(' '),
    state: null,
    token_type: token ? 'bearer' : null,
  };
};

/** Kraken's has no `token_type` (justintv/Twitch-API authentication.md). */
export const krakenGrantedAtOnce: GrantAtOnce = (exchange, agreed) => ({
  access_token: issueImplicitToken(exchange, agreed).value,
  scope: agreed.scopes.join(' '),
});
