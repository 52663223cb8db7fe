import { check, type Exchange } from '../endpoint.ts';
import { formOf, formParameters, isForm } from '../parameters.ts';
import { findRegistration } from '../registrations.ts';
import { isWrongSecret, startTokenRequest, type TokenExchange } from '../token-request.ts';
import { credentials, readBasic } from '../tokens.ts';
import { invalid, repeated, resoniteError, unsupported } from './resonite-error.ts';
import { client, from, given, request, rule, type TokenCheck } from './resonite-rules.ts';

const basicOf = ({ req }: Exchange): string | undefined => credentials(req.get('authorization'), 'Basic');

/** The secret in the body is what Resonite's own clients do; Basic is taken as well. */
export function startResoniteTokenRequest(exchange: Exchange): TokenExchange {
  const parameters = formParameters(exchange.req);
  const basic = readBasic(basicOf(exchange) ?? '');
  if (!basic) return startTokenRequest(exchange, parameters);
  const client: [string, string][] = [
    ['client_id', basic.id],
    ['client_secret', basic.secret],
  ];
  return startTokenRequest(exchange, new Map([...parameters, ...client]));
}

const nothingRepeated: TokenCheck = check(
  'no parameter comes twice',
  'RFC 6749 3.2; the words are ours',
  ({ parts, req }) => {
    const names = [...formOf(req).keys()];
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice) throw resoniteError(parts, repeated(twice));
  },
);

const clientRegistered: TokenCheck = check('the client id is registered', from('ID2052'), (exchange) => {
  const { parts, parameters } = exchange;
  const registration = findRegistration(parts.registrations, 'resonite', parameters.get('client_id'));
  if (!registration) throw resoniteError(parts, invalid('client_id', 'invalid_client'));
  exchange.registration = registration;
});

/** In OpenIddict's order. A secret in the body is as good as Basic, but not beside it (RFC 6749 2.3). */
export const commonTokenChecks: readonly TokenCheck[] = [
  rule(
    'the type of the body is given',
    request("The mandatory 'Content-Type' header is missing.", 'ID2081'),
    ({ req }) => !req.get('content-type'),
  ),
  rule(
    'the body is a form',
    request("The specified 'Content-Type' header is invalid.", 'ID2082'),
    ({ req }) => !isForm(req),
  ),
  nothingRepeated,
  rule(
    'the client authenticates in one way',
    request('Multiple client credentials cannot be specified.', 'ID2087'),
    (exchange) => basicOf(exchange) !== undefined && formParameters(exchange.req).has('client_secret'),
  ),
  rule(
    'Basic credentials can be read',
    request('The specified client credentials are invalid.', 'ID2055'),
    (exchange) => basicOf(exchange) !== undefined && readBasic(basicOf(exchange)!) === null,
  ),
  given('grant_type'),
  rule(
    'the grant type is that of a code or of a refresh token',
    unsupported('grant_type', 'unsupported_grant_type'),
    ({ parameters }) => !['authorization_code', 'refresh_token'].includes(parameters.get('grant_type')!),
  ),
  given('client_id'),
  clientRegistered,
  rule(
    'a client that has no secret sends none',
    client("The 'client_secret' parameter is not valid for this client application.", 'ID2053'),
    ({ registration, parameters }) => registration.clientSecret === null && parameters.has('client_secret'),
  ),
  rule(
    'a client that has a secret sends it',
    client("The 'client_secret' parameter required for this client application is missing.", 'ID2054'),
    ({ registration, parameters }) => registration.clientSecret !== null && !parameters.has('client_secret'),
  ),
  rule(
    'the client secret is right',
    client('The specified client credentials are invalid.', 'ID2055'),
    isWrongSecret,
  ),
];
