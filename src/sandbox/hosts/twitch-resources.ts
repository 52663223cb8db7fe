import { check, type Check, type Exchange, type Respond } from '../endpoint.ts';
import type { ProtocolError } from '../protocol-error.ts';
import type { AccessToken } from '../records.ts';
import { personOf, withProfileFaults } from '../token-request.ts';
import { credentials, profileToken, secondsLeft } from '../tokens.ts';
import { twitchClaims } from './twitch-claims.ts';
import { sendTwitchJson, twitchError } from './twitch-error.ts';
import { type Validation, validate } from './twitch-validation.ts';

const validatePage = 'dev.twitch.tv: Validating Tokens';
const oidcPage = 'dev.twitch.tv: OIDC';
const validateTest = 'nicklaw5/helix authentication_test.go';
const byAnalogy = 'the words are those of the validation';

const badToken = (): ProtocolError => twitchError(401, 'invalid access token');

function requireHeader({ req }: Exchange): void {
  if (!req.get('authorization')) throw twitchError(401, 'missing authorization token');
}

function presentedValue({ req }: Exchange): string | undefined {
  return credentials(req.get('authorization'), 'OAuth', 'Bearer');
}

function validation(exchange: Exchange): Validation | undefined {
  return validate(exchange.parts, presentedValue(exchange));
}

export const validationChecks: readonly Check<Exchange>[] = [
  check('an Authorization header is there', `${validatePage}; the words: ${validateTest}`, requireHeader),
  check(
    'the scheme is OAuth or Bearer',
    `${validatePage}; what else is answered was not found, the words are those for a bad token`,
    (exchange) => {
      if (presentedValue(exchange) === undefined) throw badToken();
    },
  ),
  check('the access token lives', `${validatePage}; ${validateTest}`, (exchange) => {
    if (!validation(exchange)) throw badToken();
  }),
];

/** `scopes` in the plural, and null when there are none; a token of the application itself names nobody. */
export const answerValidation: Respond<Exchange> = (exchange) => {
  const said = validation(exchange)!;
  sendTwitchJson(exchange.res, {
    client_id: said.clientId,
    login: said.person?.twitch.login ?? null,
    scopes: said.scopes.length > 0 ? said.scopes : null,
    user_id: said.person?.twitch.id ?? null,
    expires_in: secondsLeft(said, exchange.parts),
  });
};

function bearerValue({ req }: Exchange): string | undefined {
  return credentials(req.get('authorization'), 'Bearer');
}

function tokenOfProfile(exchange: Exchange): AccessToken | undefined {
  return profileToken(exchange.parts, 'twitch', bearerValue(exchange));
}

export const userinfoChecks: readonly Check<Exchange>[] = [
  check('an Authorization header is there', `${oidcPage}; ${byAnalogy}`, requireHeader),
  check('the scheme is Bearer', `${oidcPage}; ${byAnalogy}`, (exchange) => {
    if (bearerValue(exchange) === undefined) throw badToken();
  }),
  check('the access token lives', `${oidcPage}; ${byAnalogy}`, (exchange) => {
    if (!tokenOfProfile(exchange)) throw badToken();
  }),
  check(
    'the access token has the scope openid',
    'OpenID Connect Core 5.3; what Twitch answers was not found, the words are those for a bad token',
    (exchange) => {
      if (!tokenOfProfile(exchange)!.scopes.includes('openid')) throw badToken();
    },
  ),
];

export const answerUserinfo: Respond<Exchange> = (exchange) => {
  const { parts, res } = exchange;
  const token = tokenOfProfile(exchange)!;
  const person = personOf(parts, token.personId);
  const issuedAt = Math.floor(token.createdAt / 1000);
  const userinfo = {
    aud: token.clientId,
    exp: issuedAt + 900,
    iat: issuedAt,
    iss: `${parts.baseUrl}/id.twitch.tv/oauth2`,
    sub: person.twitch.id,
    ...twitchClaims(person, token.claims.userinfo, token.scopes),
  };
  sendTwitchJson(res, withProfileFaults(parts, userinfo, 'sub'));
};
