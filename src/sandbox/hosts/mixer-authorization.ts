import {
  type AuthorizationExchange,
  refuse,
  startAuthorization,
  workingAuthorization,
} from '../authorization.ts';
import type { AuthorizationPage, GrantAtOnce } from '../callback.ts';
import { check, type Check, type Exchange } from '../endpoint.ts';
import type { SandboxParts } from '../parts.ts';
import { pageError } from '../protocol-error.ts';
import { findRegistration, hostMatches, registeredHosts } from '../registrations.ts';
import { unknownScopes } from '../scopes.ts';
import { issueAccessToken } from '../tokens.ts';

function describeMixerParameter(value: string): Readonly<Record<string, string>> {
  return {
    response_type: 'As expected',
    client_id: 'Known',
    redirect_uri: 'Its host is registered',
    scope: value ? 'All known' : 'None asked for',
    state: 'Returned as it is',
    approval_prompt: value === 'force' ? 'Always asks' : 'Only the word force counts, ignored',
    code_challenge: 'No trace of PKCE at Mixer, ignored',
    code_challenge_method: 'No trace of PKCE at Mixer, ignored',
  };
}

const oneYearInSeconds = 365 * 24 * 60 * 60;

/**
 * The implicit grant: a token for a year, and none to refresh it with. That `access_token` is in the fragment
 * is Mixer's word; the other two are what RFC 6749 4.2.2 has beside it.
 */
const mixerGrantedAtOnce: GrantAtOnce = ({ parts }, { pending, personId, scopes }) => {
  const granted = { ...pending, personId, scopes };
  const { value } = issueAccessToken(parts, granted, parts.random.mixed(64), oneYearInSeconds);
  return { access_token: value, expires_in: String(oneYearInSeconds), token_type: 'Bearer' };
};

/** How Mixer words a denial was not found; `access_denied` is its own word for a denied short code. */
export function mixerPage({ baseUrl }: SandboxParts): AuthorizationPage {
  return {
    api: 'mixer',
    service: 'mixer',
    host: 'mixer.com',
    issuer: `${baseUrl}/mixer.com`,
    describe: describeMixerParameter,
    newCode: (random) => random.mixed(16),
    granted: (code) => ({ code }),
    grantedAtOnce: mixerGrantedAtOnce,
    denied: { error: 'access_denied', error_description: 'The user denied the request.' },
  };
}

/** Whoever granted the same before passes in silence, unless `approval_prompt` is the word `force`. */
export function startMixerAuthorization(exchange: Exchange, page: AuthorizationPage): AuthorizationExchange {
  const own = startAuthorization(exchange, page);
  return { ...own, force: own.parameters.get('approval_prompt') === 'force' };
}

const clientRegistered = check<AuthorizationExchange>(
  'the client id is registered',
  'mixer/interactive-unity-plugin#112 tells of "client not found"; that it is a page is RFC 6749 4.1.2.1',
  (exchange) => {
    const clientId = exchange.parameters.get('client_id');
    const registration = findRegistration(exchange.parts.registrations, 'mixer', clientId);
    if (!registration) throw pageError(400, 'OAuth client not found.');
    exchange.registration = registration;
  },
);

const badRedirect = () => pageError(400, 'The redirect uri is invalid.');

const redirectIsWeb = check<AuthorizationExchange>(
  'the redirect URI is an address of http or https',
  'RFC 6749 3.1.2; that Mixer took no other schemes is a guess of ours',
  ({ redirectUri }) => {
    const protocol = URL.canParse(redirectUri) ? new URL(redirectUri).protocol : null;
    if (protocol !== 'https:' && protocol !== 'http:') throw badRedirect();
  },
);

/** Mixer looks at the host only: port and path are free. */
const redirectHostRegistered = check<AuthorizationExchange>(
  'the host of the redirect URI is registered',
  'mixer/developer-docs 05.oauth/01.QuickDetails, Hosts; StreamingClientLibrary#54 saw the page',
  ({ parts, registration, redirectUri }) => {
    const { hostname } = new URL(redirectUri);
    const isRegistered = registeredHosts(registration).some((pattern) => hostMatches(pattern, hostname));
    if (!isRegistered || parts.faults.has('authorize_redirect_mismatch')) throw badRedirect();
  },
);

const responseTypeGiven = check<AuthorizationExchange>(
  'a response type is given',
  'RFC 6749 4.1.2.1, invalid_request; Mixer’s own words were not found',
  (exchange) => {
    if (exchange.parameters.has('response_type')) return;
    throw refuse(exchange, 'invalid_request', 'response_type is missing.');
  },
);

const responseTypeKnown = check<AuthorizationExchange>(
  'the response type is code or token',
  'mixer/developer-docs 05.oauth/01.QuickDetails; the refusal is RFC 6749 4.1.2.1 in our words',
  (exchange) => {
    if (['code', 'token'].includes(exchange.responseType)) return;
    throw refuse(exchange, 'unsupported_response_type', 'The response_type is neither code nor token.');
  },
);

const scopesKnown = check<AuthorizationExchange>(
  'every scope is one of Mixer’s',
  'mixer/developer-docs 05.oauth/03.scopes; the refusal is RFC 6749 4.1.2.1, invalid_scope, in our words',
  (exchange) => {
    const unknown = unknownScopes('mixer', exchange.scopes)[0];
    if (unknown !== undefined) throw refuse(exchange, 'invalid_scope', `Unknown scope ${unknown}.`);
  },
);

export const authorizationChecks: readonly Check<AuthorizationExchange>[] = [
  clientRegistered,
  redirectIsWeb,
  redirectHostRegistered,
  workingAuthorization,
  responseTypeGiven,
  responseTypeKnown,
  scopesKnown,
];
