import { createPublicKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Respond } from '../endpoint.ts';
import { ed25519Key } from '../keys.ts';
import type { SigningGrant } from '../records.ts';
import { scopeMember, type TokenExchange } from '../token-request.ts';
import { issueAccessToken } from '../tokens.ts';

/** Mixin's documentation: a grant ends after a year. */
export const grantLifetimeSeconds = 365 * 24 * 60 * 60;

/** Header RS512 and the claims `aid`, `exp` were seen in public code, the others are likely. */
function issueBearerToken({ parts, code }: TokenExchange): string {
  const issuedAt = Math.floor(parts.now() / 1000);
  const scp = code.scopes.join(' ');
  const claims = {
    aid: code.authorizationId,
    exp: issuedAt + grantLifetimeSeconds,
    iat: issuedAt,
    iss: code.clientId,
    scp,
  };
  const token = jwt.sign(claims, parts.signingKeys.current.privateKey, { algorithm: 'RS512' });
  return issueAccessToken(parts, code, token, grantLifetimeSeconds).value;
}

/** A pair of keys for this grant: the client's, and one of the server's that signs its answers. */
function issueSigningGrant({ parts, parameters, code }: TokenExchange): SigningGrant {
  const privateKey = ed25519Key(parts.random);
  const grant: SigningGrant = {
    authorizationId: code.authorizationId!,
    clientId: code.clientId,
    personId: code.personId,
    scopes: code.scopes,
    clientKey: parameters.get('ed25519')!,
    serverPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    serverKey: String(createPublicKey(privateKey).export({ format: 'jwk' }).x),
    seen: [],
    expiresAt: parts.now() + grantLifetimeSeconds * 1000,
  };
  parts.state.signingGrants.set(grant.authorizationId, grant);
  return grant;
}

/** With a public key in the request there is no access token: the client signs each request itself. */
export const answerToken: Respond<TokenExchange> = (exchange) => {
  const { parts, res, parameters, code } = exchange;
  code.used = true;
  const scope = scopeMember(parts, code.scopes.join(' '));
  if (!parameters.has('ed25519')) {
    res.json({ data: { access_token: issueBearerToken(exchange), scope } });
    return;
  }
  const { serverKey, authorizationId } = issueSigningGrant(exchange);
  res.json({ data: { ed25519: serverKey, authorization_id: authorizationId, scope } });
};
