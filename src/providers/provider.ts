/**
 * A provider is a set of facts: no class, no environment, no network. The login flow reads these
 * fields and never asks which provider it has before it. A habit that does not fit widens this type.
 */
export interface Provider {
  /** Also the word in addresses and, in capitals, the prefix of its environment variables. */
  readonly id: string;
  readonly name: string;
  /** `closed` is the day it ended, ISO 8601; `what` ended, as the subject of a sentence. */
  readonly status: 'live' | { readonly closed: string; readonly what: string };
  /** Compared byte for byte with `iss` in authorization responses (RFC 9207) and ID tokens. */
  readonly issuer: string;
  /** The provider says that every authorization response carries `iss` (RFC 9207 section 3). */
  readonly announcesIssuer: boolean;
  /** The true public addresses, or the sandbox's once `inSandbox` has mapped them. */
  readonly endpoints: Endpoints;
  /** The true addresses while `endpoints` point to the sandbox. Request signatures cover these. */
  readonly publicEndpoints?: Endpoints;
  /** Every scope we have words for. Others can be asked for and are shown by their bare name. */
  readonly scopes: Readonly<Record<string, ScopeWords>>;
  readonly defaultScope: readonly string[];
  /**
   * The client secret: needed, possible, or (Mixin) one of two ways of client authentication, of
   * which a token request uses either the secret or PKCE.
   */
  readonly clientSecret: 'required' | 'optional' | 'instead-of-pkce';
  /** How a client secret is sent: in the body, or in the Authorization header (RFC 6749 2.3.1). */
  readonly clientAuthentication: 'client_secret_post' | 'client_secret_basic';
  /** `S256-decoded` is Mixin's own hash, see `oauth/pkce.ts`. Null where the provider has none. */
  readonly pkce: 'S256' | 'S256-decoded' | null;
  /** Whether an ID token carries the nonce we sent. Asked for with the scope `openid`. */
  readonly idToken: 'with-nonce' | 'without-nonce' | null;
  /** What the token response holds: a bearer token, or what signs request tokens of our own. */
  readonly accessToken: 'bearer' | 'ed25519';
  /** Parameters that every authorization request to this provider carries. */
  readonly authorizationParameters: Readonly<Record<string, string>>;
  /** How a person is made to choose again: parameters, or what happens without any. */
  readonly force: { readonly parameters: Readonly<Record<string, string>> } | 'always-asks' | 'cannot-force';
  /** The token request repeats `state` (Kraken only). */
  readonly stateInTokenRequest: boolean;
  /** Pure functions between the provider's own wire format and the standard one. */
  readonly conform: Conform;
  readonly userinfo: {
    /** The `Authorization` scheme. `signed` makes an Ed25519 request token for each request. */
    readonly authorization: 'Bearer' | 'OAuth' | 'signed';
    readonly headers: (clientId: string) => Readonly<Record<string, string>>;
    /** Sends X-Request-Id and refuses an answer that carries another one. */
    readonly requestId: boolean;
    /** What time the provider says it is, in milliseconds since 1970; null where an answer does not say. */
    readonly serverTime?: (headers: Readonly<Record<string, string>>) => number | null;
  };
  /**
   * Reads the conformed userinfo. Throws `ShapeError` when it has no usable subject.
   * `subject` alone keys the identity; everything else is for display.
   */
  readonly toIdentity: (userinfo: unknown) => IdentityFacts;
  /** Fields of the userinfo whose value is hidden on pages. */
  readonly privateFields: readonly string[];
  /** What unlinking can do at the provider, in words for the person. */
  readonly revocation: {
    readonly words: string;
    readonly checkAt: string | null;
  };
  /**
   * Set where the provider wants held tokens validated: how often, in milliseconds. Whoever signed in
   * with a token that is over by then is signed out.
   */
  readonly validateEvery?: number;
  /** Address prefixes that pictures may come from. */
  readonly imageSources: readonly string[];
  readonly registration: ProviderRegistration;
  readonly departures: readonly Departure[];
  readonly words: ProviderWords;
  /** How a recorded login is shown. */
  readonly trace: TraceFacts;
}

interface TraceFacts {
  /** The provider's own parameters, headers and profile fields that a trace may show; all else is hidden. */
  readonly shows: readonly string[];
  /** The person answers on a phone, in a conversation that we do not see. */
  readonly phone?: boolean;
}

/** Where a message differs from the standard; shown at each step of a trace, and side by side to learn from. */
export interface Departure {
  /** The message that it is seen in. */
  readonly at: 'authorization' | 'callback' | 'token' | 'refresh' | 'userinfo' | 'validation' | 'revocation';
  readonly about: DepartureTopic;
  /** In a sentence or two. */
  readonly what: string;
  /** What we do about it, or why it is so. */
  readonly why: string;
  /** The provider's page and the number of its row there: `docs/providers/twitch.md, 2`. */
  readonly source: string;
}

export type DepartureTopic =
  | 'binding'
  | 'parameters'
  | 'person'
  | 'return-address'
  | 'response'
  | 'token-request'
  | 'token-answer'
  | 'granted-scope'
  | 'profile-request'
  | 'profile-answer'
  | 'refresh'
  | 'validation'
  | 'revocation';

/** How an application gets known to the provider. */
interface ProviderRegistration {
  /** The page for it, or one that says how; null where there is none any more. */
  readonly url: string | null;
  /** What to look for there: `dev.twitch.tv/console/apps`. */
  readonly place: string;
  /** The field that the return address goes into; null where somebody else fills it in. */
  readonly field: string | null;
  /** What the provider wants of the return address and of who registers it, a sentence each. */
  readonly rules: readonly string[];
  readonly clientId: CredentialShape;
  /** Null where nobody says what its secrets look like. */
  readonly clientSecret: CredentialShape | null;
  /**
   * What its authorization endpoint makes of a client id and a return address that it does not know,
   * before anybody has signed in there: it says so, or nothing can be seen.
   */
  readonly beforeSignIn: 'refuses-unknown' | 'shows-nothing';
  /** A token request with a made-up code tells a wrong secret from a wrong code. */
  readonly tellsSecretFromCode: boolean;
  /** A message to people who register by hand. */
  readonly message?: (facts: RegistrationFacts) => string;
}

/** Only a hint: what a value looks like where true ones were seen or documented. */
interface CredentialShape {
  readonly pattern: RegExp;
  /** Completes “is not …”: `30 lower-case letters and digits`. */
  readonly words: string;
}

export interface RegistrationFacts {
  readonly baseUrl: string;
  readonly redirectUri: string;
  readonly scope: readonly string[];
}

export interface Endpoints {
  readonly authorization: string;
  readonly token: string;
  readonly userinfo: string;
  readonly revocation?: string;
  /** Says whether an access token still stands, and whose it is. */
  readonly validation?: string;
  readonly jwks?: string;
}

interface ScopeWords {
  /** Completes “It lets us …” and “did not give us: …”: `read your e-mail address`. */
  readonly words: string;
  /** The person may untick it at the provider. */
  readonly optional?: boolean;
}

interface ProviderWords {
  /** What the account's number is called there: `Account number`. */
  readonly handle: string;
  /** What a login tells us whatever the scope; null where a scope of its own says it. */
  readonly basics: string | null;
  readonly switchAccount: string;
  /** What to do when the provider sends the same account back. */
  readonly switchHint: string;
  /** Said before switching where the provider cannot be made to ask; null where it asks. */
  readonly beforeSwitch: string | null;
  /** Stands in the Access row when the provider gives no end date. */
  readonly noEndDate: string;
  /** After a refusal at the provider whose own way of refusing needs explaining; `again` is the button. */
  readonly denied: { readonly reason: string; readonly again: string } | null;
}

/** A JSON answer: `body` is undefined when the text was no JSON. */
export interface WireAnswer {
  readonly status: number;
  readonly body: unknown;
}

interface Conform {
  /** From the standard form (RFC 6749 4.1.3) to what the provider wants on the wire. */
  readonly tokenRequest?: (form: URLSearchParams) => { contentType: string; body: string };
  /** To the standard token response or error response (RFC 6749 5.1, 5.2). */
  readonly tokenResponse?: (answer: WireAnswer) => WireAnswer;
  /** To the bare profile object, or a 4xx with `error`. */
  readonly userinfoResponse?: (answer: WireAnswer) => WireAnswer;
  /** To `{client_id, user_id}` for a token that stands, to a 401 for one that is over. */
  readonly validationResponse?: (answer: WireAnswer) => WireAnswer;
  /** To a 200 when the token is gone, however the provider says it (RFC 7009 2.2). */
  readonly revocationResponse?: (answer: WireAnswer) => WireAnswer;
}

/** What a provider says about a person. Only `subject` is identity; the rest is display. */
export interface IdentityFacts {
  readonly subject: string;
  readonly displayName: string;
  /** The number or name that the provider's own pages show. */
  readonly handle: string;
  readonly avatarUrl: string | null;
  readonly publicProfileUrl: string | null;
}

/** Most providers change nothing and add no headers. */
export const plainUserinfo = { authorization: 'Bearer', headers: () => ({}), requestId: false } as const;

/** What is so with a provider that keeps to the standards. A set of facts begins with it and says the rest. */
export const standardProvider = {
  status: 'live',
  announcesIssuer: false,
  clientSecret: 'required',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  idToken: null,
  accessToken: 'bearer',
  authorizationParameters: {},
  force: 'cannot-force',
  stateInTokenRequest: false,
  conform: {},
  userinfo: plainUserinfo,
  privateFields: ['email'],
  departures: [],
  trace: { shows: [] },
} as const satisfies Partial<Provider>;
