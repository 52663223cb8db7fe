import {
  bearer,
  fetchMetadata,
  http,
  issuer,
  oauth2,
  openId,
  ours,
  pkce,
  revocation,
  type Source,
} from './sources.ts';

/** What a parameter, header or field is for. */
export interface Meaning {
  readonly words: string;
  readonly source: Source;
}

const meaning = (words: string, source: Source): Meaning => ({ words, source });
const idToken = openId('2', 'IDToken');
const session = ours('docs/architecture.md');

const meanings: Readonly<Record<string, Meaning>> = {
  response_type: meaning('We want a code, not a token, in the redirect', oauth2('4.1.1')),
  client_id: meaning('Names this application', oauth2('2.2')),
  client_secret: meaning('Our password at the provider', oauth2('2.3.1')),
  redirect_uri: meaning('Where the browser is sent back to; the same in both requests', oauth2('3.1.2')),
  scope: meaning('The permissions, asked for or granted', oauth2('3.3')),
  scopes: meaning('The permissions of this token', oauth2('3.3')),
  state: meaning('Ties the answer to this login and this browser', oauth2('10.12')),
  nonce: meaning('Ties the ID token to this login', openId('3.1.2.1', 'AuthRequest')),
  code_challenge: meaning('Hash of a secret that only we know', pkce('4.3')),
  code_challenge_method: meaning('How that hash is made', pkce('4.3')),
  code_verifier: meaning('The secret itself, shown with the code', pkce('4.5')),
  code: meaning('Is worth tokens, once and for a short time', oauth2('4.1.2')),
  iss: meaning('Who made it', issuer('2')),
  error: meaning('What went wrong, as a word of the standard', oauth2('4.1.2.1')),
  error_description: meaning('The provider’s own words for it', oauth2('4.1.2.1')),
  error_uri: meaning('A page about the error', oauth2('4.1.2.1')),
  grant_type: meaning('What we hand in: a code, or a refresh token', oauth2('4.1.3')),
  access_token: meaning('Opens the provider’s API for us', oauth2('1.4')),
  refresh_token: meaning('Gets a new access token without the person', oauth2('1.5')),
  id_token: meaning('A signed statement about who has logged in', idToken),
  token_type: meaning('How the token is to be sent', oauth2('7.1')),
  expires_in: meaning('Seconds until the access token ends', oauth2('5.1')),
  token: meaning('The token that is no longer needed', revocation('2.1')),
  token_type_hint: meaning('Which kind it is', revocation('2.1')),
  claims: meaning('Asks for single claims by name', openId('5.5', 'ClaimsParameter')),
  sub: meaning('The provider’s own name for the person', idToken),
  aud: meaning('For whom it was made: our client id', idToken),
  azp: meaning('Which client it was given to', idToken),
  exp: meaning('When it ends, in seconds since 1970', idToken),
  iat: meaning('When it was made, in seconds since 1970', idToken),
  at_hash: meaning('Ties the access token to the ID token', openId('3.1.3.8', 'CodeFlowTokenValidation')),
  alg: meaning('How it is signed', openId('15.1', 'ImplementationConsiderations')),
  kid: meaning('Which of the keys has signed', openId('10.1', 'Signing')),
  authorization: meaning('Shows the access token, or client id and secret', bearer('2.1')),
  'client-id': meaning('Names this application beside the token', ours('docs/providers/twitch.md')),
  'www-authenticate': meaning('How the token has to be shown, or why it does not count', bearer('3')),
  'x-request-id': meaning('Names this one request', ours('docs/providers/mixin.md')),
  'x-integrity-token': meaning('Signs the answer', ours('docs/providers/mixin.md')),
  'content-type': meaning('How the body is written', http('8.3')),
  accept: meaning('How we want the answer', http('12.5.1')),
  host: meaning('Whom the request is for', http('7.2')),
  date: meaning('The clock of the provider', http('6.6.1')),
  location: meaning('Where the browser goes now', http('10.2.2')),
  'retry-after': meaning('How long to wait', http('10.2.3')),
  cookie: meaning('Says which browser it is', session),
  'sec-fetch-site': meaning('Says from which site the request comes', fetchMetadata),
  origin: meaning('Says which page has sent the form', fetchMetadata),
  intent: meaning('What the login is for', session),
  force: meaning('Whether the provider shall ask again', session),
  ed25519: meaning(
    'A public key: ours in the request, the provider’s in the answer',
    ours('docs/providers/mixin.md'),
  ),
  authorization_id: meaning('Names what the person has allowed', ours('docs/providers/mixin.md')),
  aid: meaning('Names what the person has allowed', ours('docs/providers/mixin.md')),
  scp: meaning('The permissions that the request uses', ours('docs/providers/mixin.md')),
  sig: meaning('Hash of method, path and body', ours('docs/providers/mixin.md')),
  jti: meaning('Names this one token; the same as X-Request-Id', ours('docs/providers/mixin.md')),
  force_verify: meaning('Makes the provider ask again', ours('docs/providers/twitch.md')),
  approval_prompt: meaning('Makes the provider ask again', ours('docs/providers/mixer.md')),
  data: meaning('What the answer is about', ours('docs/providers')),
};

/** Null for a name of the provider's own that we say nothing about. */
export function meaningOf(name: string): Meaning | null {
  return Object.hasOwn(meanings, name) ? meanings[name]! : null;
}
