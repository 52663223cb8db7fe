/** What the parameters of a login are for, in words for a person. */

type Meanings = Readonly<Record<string, string>>;

/**
 * RFC 6749 4.1.1, RFC 7636 4.3, OpenID Connect Core 3.1.2.1, OAuth 2.0 Multiple Response Type Encoding Practices
 * 2.1 for `response_mode`, and what the services add.
 */
const requestMeanings: Meanings = {
  response_type: 'What the application wants back: code is an authorization code.',
  client_id: 'Which application asks. Not a secret.',
  redirect_uri: 'Where the browser goes with the answer. It has to be registered.',
  scope: 'What the application asks for. The person sees it in words.',
  state: 'Ties the answer to the browser that started the login. It comes back as it is.',
  nonce: 'Ties the ID token to this login. It comes back inside the token.',
  code_challenge:
    'The hash of a secret that only the application has (PKCE). The token request brings the secret.',
  code_challenge_method: 'How the challenge was made: S256 is SHA-256.',
  claims: 'Which facts about the person are to go where.',
  response_mode: 'How the answer comes back: in the query, in the fragment, or as a form.',
  prompt: 'Whether the service should ask again.',
  max_age:
    'For how many seconds an earlier sign-in at the service is recent enough. After that it asks again.',
  login_hint: 'Who is likely to sign in: an e-mail address or a name, for instance.',
  id_token_hint: 'An ID token from before: who the application expects to sign in.',
  acr_values: 'How thoroughly the service should make sure who it is, the preferred way first.',
  display: 'How the pages should be shown: page, popup, touch or wap.',
  ui_locales: 'In which languages the pages should be, the preferred one first.',
  force_verify: 'true makes Twitch ask again.',
  approval_prompt: 'force makes Mixer ask again.',
  return_to: 'Something of the application’s own that Mixin gives back.',
};

/** RFC 6749 4.1.2, RFC 9207 2. */
const responseMeanings: Meanings = {
  code: 'The authorization code. The application exchanges it for tokens, once, with a request of its own.',
  state: 'What the application sent along. It has to fit the login that this browser started.',
  scope: 'What was granted. It may be less than what was asked for.',
  iss: 'Which service answers, against mix-ups.',
  error: 'Why there is no code.',
  error_description: 'The same in words, for developers.',
  error_uri: 'Where to read more about the error.',
  return_to: 'What the application sent along, given back.',
  access_token: 'A token without an exchange: the implicit grant, which nobody should use any more.',
  id_token: 'Who signed in, signed by the service.',
  token_type: 'How the token is to be used.',
  expires_in: 'Seconds until the token ends.',
};

function meaningIn(meanings: Meanings, name: string): string {
  return Object.hasOwn(meanings, name) ? meanings[name]! : 'Not a parameter that we know.';
}

export function meaningInRequest(name: string): string {
  return meaningIn(requestMeanings, name);
}

function meaningInResponse(name: string): string {
  return meaningIn(responseMeanings, name);
}

export interface ExplainedParameter {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

/** The parameters of an authorization response, in the order of the URL. */
export function explainResponse(location: URL): ExplainedParameter[] {
  const inFragment = new URLSearchParams(location.hash.slice(1));
  return [...location.searchParams, ...inFragment].map(([name, value]) => ({
    name,
    value,
    meaning: meaningInResponse(name),
  }));
}
