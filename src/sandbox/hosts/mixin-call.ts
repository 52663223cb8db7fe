import { check, type Check, type Exchange } from '../endpoint.ts';
import type { AccessToken } from '../records.ts';
import { credentials, liveAccessToken } from '../tokens.ts';
import { mixinError } from './mixin-error.ts';
import { isRequestToken, signedRequestChecks, type SignedRequest } from './mixin-signed-request.ts';

/** A call with a token: one that Mixin made, or one that the client signed for this request alone. */
export interface ApiExchange extends Exchange {
  /** The path and query as the client meant them, without the pretended host. */
  uri: string;
  token: string;
  bearer: AccessToken | undefined;
  /** Filled in by the checks; null when the token is not of this kind. */
  signed: SignedRequest | null;
}

export type ApiCheck = Check<ApiExchange>;

/** The pretended host is only the sandbox's prefix, and so is not part of what the client signed. */
export function startApiCall({ parts, req, res }: Exchange): ApiExchange {
  const uri = req.originalUrl.slice(req.baseUrl.length);
  const token = credentials(req.get('authorization'), 'Bearer') ?? '';
  const signed = isRequestToken(token) ? ({} as SignedRequest) : null;
  return { parts, req, res, uri, token, bearer: liveAccessToken(parts, 'mixin', token), signed };
}

/** A fault refuses every token here. */
export function startProfileCall(exchange: Exchange): ApiExchange {
  const call = startApiCall(exchange);
  return exchange.parts.faults.has('userinfo_401') ? { ...call, token: '' } : call;
}

/** Whose the token is, and for what, once it has passed the checks. */
export function callerOf({ bearer, signed }: ApiExchange): { personId: string; scopes: readonly string[] } {
  if (!signed) return bearer!;
  return { personId: signed.grant.personId, scopes: signed.claims.scp.split(' ') };
}

const badToken = () => mixinError(401, 'no valid token');
const errorCodes = 'MixinNetwork/developers.mixin.one api/error-codes.md';

const tokenChecks: readonly ApiCheck[] = [
  check('a bearer token is given', `${errorCodes}, 401`, ({ token }) => {
    if (token === '') throw badToken();
  }),
  check('an access token of Mixin’s is one that lives', `${errorCodes}, 401`, ({ bearer, signed }) => {
    if (!signed && !bearer) throw badToken();
  }),
  ...signedRequestChecks,
];

export const callChecks: readonly ApiCheck[] = [
  ...tokenChecks,
  check(
    'PROFILE:READ was granted, and is in scp',
    'MixinNetwork/bot-api-go-client error.go, ForbiddenError',
    (exchange) => {
      if (!callerOf(exchange).scopes.includes('PROFILE:READ')) throw mixinError(403, 'PROFILE:READ missing');
    },
  ),
];
