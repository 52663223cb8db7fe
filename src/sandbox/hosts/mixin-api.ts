import { type RequestHandler, Router } from 'express';
import { check, type Check, endpoint, type Exchange, type Respond } from '../endpoint.ts';
import { type SandboxParts, startExchange } from '../parts.ts';
import type { Person } from '../people.ts';
import { pictureUrls } from '../pictures.ts';
import type { SigningGrant } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, profileToken } from '../tokens.ts';
import { mixinError } from './mixin-error.ts';
import { integrityToken } from './mixin-integrity.ts';
import { brokenRule, readSignedRequest } from './mixin-signed-request.ts';
import { answerToken, startMixinTokenRequest, tokenChecks } from './mixin-token.ts';

const host = 'api.mixin.one';

/** A call with a token; the checks fill in whose it is, and the grant when the client signed it. */
interface ApiExchange extends Exchange {
  uri: string;
  personId: string;
  scopes: readonly string[];
  grant: SigningGrant | null;
}

/** The path and query as the client signed them: the pretended host is only the sandbox's prefix. */
function startApiCall({ parts, req, res }: Exchange): ApiExchange {
  const uri = req.originalUrl.slice(`${parts.basePath}/${host}`.length);
  return { parts, req, res, uri, personId: '', scopes: [], grant: null };
}

const badToken = () => mixinError(401, 'no valid token');

const tokenValid = check<ApiExchange>('token valid', 'TODO', (exchange) => {
  const { parts, req, uri } = exchange;
  const token = credentials(req.get('authorization'), 'Bearer') ?? '';
  const bearer = profileToken(parts, 'mixin', token);
  if (bearer) Object.assign(exchange, { personId: bearer.personId, scopes: bearer.scopes });
  else if (parts.faults.has('userinfo_401')) throw badToken();
  else acceptSignedRequest(exchange, readSignedRequest(parts, req, uri, token));
});

function acceptSignedRequest(exchange: ApiExchange, signed: ReturnType<typeof readSignedRequest>): void {
  if (!signed) throw badToken();
  const broken = brokenRule(signed);
  if (broken) throw mixinError(401, broken);
  const { grant, claims } = signed;
  Object.assign(exchange, { personId: grant.personId, scopes: claims.scp.split(' '), grant });
  exchange.res.locals['signingGrant'] = grant;
}

const profileGranted = check<ApiExchange>('profile granted', 'TODO', ({ scopes }) => {
  if (!scopes.includes('PROFILE:READ')) throw mixinError(403, 'PROFILE:READ missing');
});

const profileChecks: readonly Check<ApiExchange>[] = [tokenValid, profileGranted];

const noDate = '0001-01-01T00:00:00Z';

/** No e-mail anywhere; `phone` is empty without its scope. Which other members an OAuth token sees was not found. */
function mixinUser(person: Person, mayReadPhone: boolean): Record<string, unknown> {
  return {
    type: 'user',
    user_id: person.mixin.userId,
    identity_number: person.mixin.identityNumber,
    phone: mayReadPhone ? person.phone : '',
    full_name: person.name,
    biography: '',
    avatar_url: person.hasPicture ? pictureUrls.mixin(person) : '',
    relationship: 'ME',
    mute_until: noDate,
    created_at: '2019-05-04T03:02:01.123456Z',
    is_verified: false,
    is_scam: false,
    is_deactivated: false,
    code_id: person.mixin.userId,
    code_url: `https://mixin.one/codes/${person.mixin.userId}`,
    features: [],
    has_safe: true,
    membership: { plan: '', expired_at: noDate },
    session_id: '',
    device_status: 'ACTIVE',
    has_pin: true,
    has_emergency_contact: false,
    fiat_currency: 'USD',
  };
}

const answerProfile: Respond<ApiExchange> = ({ parts, res, personId, scopes }) => {
  const user = mixinUser(personOf(parts, personId), scopes.includes('PHONE:READ'));
  res.json({ data: withProfileFaults(parts, user, 'user_id') });
};

/** The answer repeats the request's id and gives the server's time in nanoseconds. */
function serverHeaders(shared: SandboxParts): RequestHandler {
  return (req, res, next) => {
    const { parts } = startExchange(shared, req, res);
    const isWrong = parts.faults.has('request_id_wrong');
    const requestId = isWrong ? parts.random.uuid() : (req.get('x-request-id') ?? parts.random.uuid());
    res.set({ 'X-Request-Id': requestId, 'X-Server-Time': String(BigInt(parts.now()) * 1_000_000n) });
    next();
  };
}

/** Signs whatever leaves once a signed request was accepted; a 401 goes without. */
function signedAnswers(shared: SandboxParts): RequestHandler {
  return (req, res, next) => {
    const exchange = startExchange(shared, req, res);
    const send = res.send.bind(res);
    res.send = (body: unknown) => {
      const grant = res.locals['signingGrant'] as SigningGrant | undefined;
      if (grant && typeof body === 'string') res.set('X-Integrity-Token', tokenFor(exchange, grant, body));
      return send(body);
    };
    next();
  };
}

function tokenFor({ parts, req, res }: Exchange, grant: SigningGrant, body: string): string {
  return integrityToken(grant, {
    method: req.method,
    uri: req.originalUrl.slice(`${parts.basePath}/${host}`.length),
    body: parts.faults.has('integrity_wrong') ? 'another answer' : body,
    requestId: String(res.get('x-request-id')),
    issuedAtSeconds: Math.floor(parts.now() / 1000),
  });
}

/** api.mixin.one: the token endpoint, and the same profile at two addresses. */
export function mixinApiHost(parts: SandboxParts): Router {
  const router = Router();
  const profile = endpoint(parts, {
    faults: 'userinfo',
    start: startApiCall,
    checks: profileChecks,
    respond: answerProfile,
  });
  router.use(serverHeaders(parts), signedAnswers(parts));
  router.post(
    '/oauth/token',
    endpoint(parts, {
      faults: 'token',
      start: startMixinTokenRequest,
      checks: tokenChecks,
      respond: answerToken,
    }),
  );
  router.get('/me', profile);
  router.get('/safe/me', profile);
  router.use(() => {
    throw mixinError(404, 'no such endpoint');
  });
  return router;
}
