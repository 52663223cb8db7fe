/** Where in this project something is done. A test checks that each is there. */
export interface Place {
  /** The function, or null for the whole file. */
  readonly name: string | null;
  /** From the root of the project. */
  readonly file: string;
}

export interface Step {
  readonly heading: string;
  /** The kind of step that the inspector records for it; null for what the app sees nothing of. */
  readonly recordedAs: 'start' | 'authorization' | 'callback' | 'token' | 'userinfo' | 'ending' | null;
  readonly rule: { readonly words: string; readonly href: string } | null;
  readonly text: string;
  readonly places: readonly Place[];
}

const rfc = (number: number, section: string) => ({
  words: `RFC ${number}, ${section}`,
  href: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`,
});
const at = (file: string, name: string | null = null): Place => ({ name, file });

/** One login, in the order of RFC 6749 section 4.1, and what comes after it. */
export const steps: readonly Step[] = [
  {
    heading: 'The button',
    recordedAs: 'start',
    rule: rfc(6749, '4.1'),
    text: 'The browser posts a form to this app: step A begins. The app refuses forms that come from other sites, makes a random state, and where the service has them a nonce and a code verifier. It keeps all that as a login transaction, tied to this browser by a cookie.',
    places: [
      at('src/login/routes.ts', 'addLoginRoutes'),
      at('src/web/same-origin.ts', 'createSameOriginGuard'),
      at('src/login/flow.ts', 'startLogin'),
      at('src/login/transaction.ts', 'createTransactions'),
    ],
  },
  {
    heading: 'The authorization request',
    recordedAs: 'authorization',
    rule: rfc(6749, '4.1.1'),
    text: 'The app builds the address that asks the service for a code: client id, return address, scopes, state, and the hash of the code verifier where there is PKCE. A page that leads on takes the browser there.',
    places: [
      at('src/oauth/authorization-request.ts', 'buildAuthorizationRequest'),
      at('src/oauth/pkce.ts', 'toCodeChallenge'),
      at('views/pages/hand-off.ejs'),
    ],
  },
  {
    heading: 'The person decides',
    recordedAs: null,
    rule: rfc(6749, '4.1'),
    text: 'Step B happens at the service alone: who are you, and do you allow it? This app sees nothing of it, and no password.',
    places: [],
  },
  {
    heading: 'The authorization response',
    recordedAs: 'callback',
    rule: rfc(6749, '4.1.2'),
    text: 'Step C: the service sends the browser back with a code, or with an error. First the state is looked up and its transaction taken, which works once and in the same browser only. Then the account, the issuer, the error and the code are looked at, in that order.',
    places: [
      at('src/login/flow.ts', 'finishLogin'),
      at('src/oauth/authorization-response.ts', 'readState'),
      at('src/oauth/authorization-response.ts', 'readAuthorizationResponse'),
    ],
  },
  {
    heading: 'The token request',
    recordedAs: 'token',
    rule: rfc(6749, '4.1.3'),
    text: 'Step D: this server, not the browser, sends the code to the service, with the client secret or the code verifier. It is sent once, never again.',
    places: [
      at('src/oauth/token-request.ts', 'sendTokenRequest'),
      at('src/oauth/token-response.ts', 'toWireTokenRequest'),
      at('src/oauth/http.ts', 'createHttp'),
    ],
  },
  {
    heading: 'The token response',
    recordedAs: 'token',
    rule: rfc(6749, '4.1.4'),
    text: 'Step E: the answer is brought to the standard form and its shape is checked. An ID token is checked for signature, issuer, audience, age, nonce and the hash of the access token.',
    places: [
      at('src/oauth/token-response.ts', 'toStandardTokenAnswer'),
      at('src/oauth/id-token.ts', 'checkIdTokenAge'),
      at('src/oauth/id-token.ts', 'checkIdTokenHash'),
    ],
  },
  {
    heading: 'The profile',
    recordedAs: 'userinfo',
    rule: rfc(6749, '7'),
    text: 'OAuth ends with the token. Who the person is comes from the profile: the provider file reads the subject from it, which alone counts as the identity.',
    places: [
      at('src/oauth/userinfo-request.ts', 'sendUserinfoRequest'),
      at('src/oauth/signed-request.ts'),
      at('src/accounts/read-profile.ts', 'readIdentity'),
    ],
  },
  {
    heading: 'Signed in',
    recordedAs: 'ending',
    rule: null,
    text: 'A table decides what the identity means: a new account, a known one, a link, or a question to the person. The session gets a new id, and the tokens are put away sealed.',
    places: [
      at('src/accounts/resolve-account.ts', 'resolveAccount'),
      at('src/web/session-changes.ts', 'renewSession'),
      at('src/sessions/grants.ts', 'createGrants'),
    ],
  },
];

/** The provider files, which the table below the steps is made from. */
export const providerFiles: readonly Place[] = [
  at('src/providers/provider.ts'),
  at('src/providers/twitch.ts'),
  at('src/providers/twitch-kraken.ts'),
  at('src/providers/mixin.ts'),
  at('src/providers/resonite.ts'),
  at('src/providers/mixer.ts'),
];

/** Every file that the page leads to, and no other is shown. */
export const shownFiles: ReadonlySet<string> = new Set(
  [...steps.flatMap(({ places }) => places), ...providerFiles].map(({ file }) => file),
);
