import { randomUUID } from 'node:crypto';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { type Check, endpoint, type Exchange, type Respond } from '../endpoint.ts';
import { workingUserinfo } from '../fault-checks.ts';
import type { SandboxParts } from '../parts.ts';
import type { Person } from '../people.ts';
import { pictureUrls } from '../pictures.ts';
import type { SigningGrant } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, liveAccessToken } from '../tokens.ts';
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

const tokenValid: Check<ApiExchange> = (exchange) => {
  const { parts, req, uri } = exchange;
  const token = credentials(req.get('authorization'), 'Bearer') ?? '';
  const bearer = liveAccessToken(parts, 'mixin', token);
  if (bearer) Object.assign(exchange, { personId: bearer.personId, scopes: bearer.scopes });
  else acceptSignedRequest(exchange, readSignedRequest(parts, req, uri, token));
};

function acceptSignedRequest(exchange: ApiExchange, signed: ReturnType<typeof readSignedRequest>): void {
  if (!signed) throw badToken();
  const broken = brokenRule(signed);
  if (broken) throw mixinError(401, broken);
  const { grant, claims } = signed;
  Object.assign(exchange, { personId: grant.personId, scopes: claims.scp.split(' '), grant });
  exchange.res.locals['signingGrant'] = grant;
}

const profileGranted: Check<ApiExchange> = ({ scopes }) => {
  if (!scopes.includes('PROFILE:READ')) throw mixinError(403, 'PROFILE:READ missing');
};

const profileChecks: readonly Check<ApiExchange>[] = [
  workingUserinfo('mixin', badToken),
  tokenValid,
  profileGranted,
];

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
  const user = mixinUser(personOf(parts, 'mixin', personId), scopes.includes('PHONE:READ'));
  res.json({ data: withProfileFaults(parts, 'mixin', user, 'user_id') });
};

/** The answer repeats the request's id and gives the server's time in nanoseconds. */
function serverHeaders({ state, now }: SandboxParts): RequestHandler {
  return (req, res, next) => {
    const isWrong = state.faults.has('mixin', 'request_id_wrong');
    const requestId = isWrong ? randomUUID() : (req.get('x-request-id') ?? randomUUID());
    res.set({ 'X-Request-Id': requestId, 'X-Server-Time': String(BigInt(now()) * 1_000_000n) });
    next();
  };
}

/** Signs whatever leaves once a signed request was accepted; a 401 goes without. */
function signedAnswers({ state, now, basePath }: SandboxParts): RequestHandler {
  return (req, res, next) => {
    const send = res.send.bind(res);
    res.send = (body: unknown) => {
      const grant = res.locals['signingGrant'] as SigningGrant | undefined;
      const isString = typeof body === 'string';
      if (grant && isString) res.set('X-Integrity-Token', tokenFor(grant, body));
      return send(body);
    };
    function tokenFor(grant: SigningGrant, body: string): string {
      const isWrong = state.faults.has('mixin', 'integrity_wrong');
      return integrityToken(grant, {
        method: req.method,
        uri: req.originalUrl.slice(`${basePath}/${host}`.length),
        body: isWrong ? 'another answer' : body,
        requestId: String(res.get('x-request-id')),
        issuedAtSeconds: Math.floor(now() / 1000),
      });
    }
    next();
  };
}

/** api.mixin.one: the token endpoint, and the same profile at two addresses. */
export function mixinApiHost(parts: SandboxParts): Router {
  const router = Router();
  const startToken = (req: Request, res: Response) => startMixinTokenRequest({ parts, req, res });
  const profile = endpoint((req, res) => startApiCall({ parts, req, res }), profileChecks, answerProfile);
  router.use(serverHeaders(parts), signedAnswers(parts));
  router.post('/oauth/token', endpoint(startToken, tokenChecks, answerToken));
  router.get('/me', profile);
  router.get('/safe/me', profile);
  router.use(() => {
    throw mixinError(404, 'no such endpoint');
  });
  return router;
}
