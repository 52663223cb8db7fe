import { type AuthorizationExchange, workingAuthorization } from '../authorization.ts';
import { check, type Check } from '../endpoint.ts';
import { findRegistration } from '../registrations.ts';
import { unknownScopes } from '../scopes.ts';
import { redirectUriMatches, responseTypeIsOneOf } from './twitch-authorization.ts';
import { krakenError } from './twitch-kraken-error.ts';

const clientIdGiven = check<AuthorizationExchange>(
  'a client id is given',
  'justintv/Twitch-API authentication.md; the words: justintv/Twitch-API#626',
  ({ parameters }) => {
    if (!parameters.has('client_id')) throw krakenError(400, 'No client id specified');
  },
);

const knownClient = check<AuthorizationExchange>(
  'the client id is registered',
  'WebTheoryLLC/omniauth-twitch#7',
  (exchange) => {
    const clientId = exchange.parameters.get('client_id');
    const registration = findRegistration(exchange.parts.registrations, 'twitch', clientId);
    if (!registration) throw krakenError(400, 'client does not exist');
    exchange.registration = registration;
  },
);

const knownScopes = check<AuthorizationExchange>(
  'every scope asked for exists',
  'justintv/Twitch-API authentication.md; what Kraken answers was not found, the words are those of id.twitch.tv',
  ({ scopes }) => {
    const unknown = unknownScopes('kraken', scopes)[0];
    if (unknown !== undefined) throw krakenError(400, `invalid scope requested: '${unknown}'`);
  },
);

/** An ID token existed late and was hardly described (justintv/Twitch-API#690), so it is not played. */
export const krakenAuthorizationChecks: readonly Check<AuthorizationExchange>[] = [
  clientIdGiven,
  knownClient,
  redirectUriMatches,
  workingAuthorization,
  responseTypeIsOneOf(['code', 'token'], 'justintv/Twitch-API authentication.md and #690'),
  knownScopes,
];
