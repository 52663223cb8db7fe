import { type AuthorizationExchange, startAuthorization, workingAuthorization } from '../authorization.ts';
import type { AuthorizationPage } from '../callback.ts';
import { check, type Check, type Exchange } from '../endpoint.ts';
import { queryOf } from '../parameters.ts';
import { findRegistration } from '../registrations.ts';
import { unknownScopes } from '../scopes.ts';
import { invalid, missing, repeated, resonitePageError, unsupported } from './resonite-error.ts';
import { from } from './resonite-rules.ts';

type AuthorizationCheck = Check<AuthorizationExchange>;

const prompts = (exchange: AuthorizationExchange): string[] =>
  (exchange.parameters.get('prompt') ?? '').split(' ').filter((prompt) => prompt !== '');

/**
 * Whether Resonite knows `prompt` was not found. Here other words than `none` ask again, as OpenID Connect Core 3.1.2.1
 * says; `none` alone is ignored: it shows the pages where Core 3.1.2.6 has `login_required`.
 */
export function startResoniteAuthorization(
  exchange: Exchange,
  page: AuthorizationPage,
): AuthorizationExchange {
  const own = startAuthorization(exchange, page);
  return { ...own, force: prompts(own).some((prompt) => prompt !== 'none') };
}

const given = (name: string): AuthorizationCheck =>
  check(`${name} is given`, from('ID2029'), ({ parameters }) => {
    if (!parameters.has(name)) throw resonitePageError(missing(name));
  });

const clientRegistered: AuthorizationCheck = check(
  'the client id is registered',
  from('ID2052'),
  (exchange) => {
    const clientId = exchange.parameters.get('client_id');
    const registration = findRegistration(exchange.parts.registrations, 'resonite', clientId);
    if (!registration) throw resonitePageError(invalid('client_id', 'invalid_request'));
    exchange.registration = registration;
  },
);

/** RFC 6749 3.1. What OpenIddict does was not seen in its sources. */
const nothingRepeated: AuthorizationCheck = check(
  'no parameter comes twice',
  'RFC 6749 3.1; the words are ours',
  ({ req }) => {
    const names = [...queryOf(req).keys()];
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice) throw resonitePageError(repeated(twice));
  },
);

const responseTypeIsCode: AuthorizationCheck = check(
  'the response type is code',
  from('ID2032'),
  ({ parameters }) => {
    if (parameters.get('response_type') === 'code') return;
    throw resonitePageError(unsupported('response_type', 'unsupported_response_type'));
  },
);

const responseModeIsQuery: AuthorizationCheck = check(
  'the response mode is query, or left to the service',
  `${from('ID2032')}; that Resonite has query alone is a guess of ours`,
  ({ parameters }) => {
    const mode = parameters.get('response_mode') ?? 'query';
    if (mode !== 'query') throw resonitePageError(unsupported('response_mode'));
  },
);

const noneStandsAlone: AuthorizationCheck = check(
  'the prompt none stands alone',
  from('ID2052'),
  (exchange) => {
    if (!prompts(exchange).includes('none') || !exchange.force) return;
    throw resonitePageError(invalid('prompt', 'invalid_request'));
  },
);

const challengeGiven: AuthorizationCheck = check(
  'a code challenge method comes with a code challenge',
  from('ID2037'),
  ({ parameters }) => {
    if (parameters.has('code_challenge') || !parameters.has('code_challenge_method')) return;
    const description = "The 'code_challenge_method' parameter cannot be used without 'code_challenge'.";
    throw resonitePageError({ error: 'invalid_request', description, id: 'ID2037' });
  },
);

/** RFC 7636 4.3: without a method the challenge would be `plain`, which OpenIddict does not offer by itself. */
const methodGiven: AuthorizationCheck = check(
  'a code challenge comes with its method',
  from('ID2029'),
  ({ parameters }) => {
    if (!parameters.has('code_challenge') || parameters.has('code_challenge_method')) return;
    throw resonitePageError(missing('code_challenge_method'));
  },
);

const methodIsS256: AuthorizationCheck = check(
  'the code challenge method is S256',
  from('ID2032'),
  ({ parameters }) => {
    const method = parameters.get('code_challenge_method') ?? 'S256';
    if (method !== 'S256') throw resonitePageError(unsupported('code_challenge_method'));
  },
);

/** To the letter: the official example is tied to the one address that was registered for it. */
const redirectRegistered: AuthorizationCheck = check(
  'the redirect URI is registered',
  `Yellow-Dog-Man/resonite-oauth-example routes/oauth.js; ${from('ID2043')}`,
  ({ parts, registration, redirectUri }) => {
    const isFaulty = parts.faults.has('authorize_redirect_mismatch');
    if (!isFaulty && registration.redirectUris.includes(redirectUri)) return;
    const description = "The specified 'redirect_uri' is not valid for this client application.";
    throw resonitePageError({ error: 'invalid_request', description, id: 'ID2043' });
  },
);

const scopesKnown: AuthorizationCheck = check(
  'every scope is one of Resonite’s',
  from('ID2052'),
  ({ scopes }) => {
    if (unknownScopes('resonite', scopes).length > 0)
      throw resonitePageError(invalid('scope', 'invalid_scope'));
  },
);

/**
 * In OpenIddict's order, but for the client, which the others need to know. OpenIddict lets a client leave
 * out the one address that it has registered; Resonite's own clients name it.
 */
export const authorizationChecks: readonly AuthorizationCheck[] = [
  given('client_id'),
  clientRegistered,
  nothingRepeated,
  given('redirect_uri'),
  given('response_type'),
  responseTypeIsCode,
  responseModeIsQuery,
  noneStandsAlone,
  challengeGiven,
  methodGiven,
  methodIsS256,
  redirectRegistered,
  scopesKnown,
  workingAuthorization,
];
