/**
 * Everything that can go wrong, as situations. Code switches on `code`, never on message text;
 * what a person reads is worded once, in `web/error-words.ts`.
 */

/** Situations of one login, thrown by `oauth/`, `login/`, `accounts/` and their routes. */
export const loginErrorCodes = [
  'state_unknown',
  'state_expired',
  'state_used',
  'session_changed',
  'no_cookie',
  'authorization_denied',
  'authorization_refused',
  'redirect_mismatch',
  'authorization_response_invalid',
  'provider_unreachable',
  'provider_busy',
  'token_request_refused',
  'token_response_invalid',
  'id_token_invalid',
  'userinfo_request_refused',
  'userinfo_response_invalid',
  'clock_differs',
  'identity_already_linked',
  'identity_changed',
  'last_identity',
  'reauthentication_needed',
  'access_ended',
  'provider_closed',
  'provider_not_configured',
] as const;
export type LoginErrorCode = (typeof loginErrorCodes)[number];

/** Situations of a request that is no login, thrown by routes and `web/`. */
export const requestErrorCodes = [
  'cross_origin',
  'not_signed_in',
  'decision_expired',
  'change_under_way',
  'not_found',
  'flow_not_kept',
  'malformed_request',
  'request_too_large',
  'rate_limited',
  'unknown_host',
  'store_unavailable',
  'internal',
] as const;
export type RequestErrorCode = (typeof requestErrorCodes)[number];

export type ErrorCode = LoginErrorCode | RequestErrorCode;

/** Why a request to a provider was not sent at all. */
export type Unsent = 'failing' | 'told-to-wait' | 'too-many';

export interface LoginErrorFacts {
  /** The provider's id. */
  provider?: string;
  /** For the log, in our own words. Never holds a value that came from outside. */
  reason?: string;
  /** The provider's `error`, once it has been conformed to RFC 6749 5.2 (`invalid_grant`, …). */
  oauthError?: string;
  /** The provider's `error_description`, cut; shown as text in the details only. */
  providerSaid?: string;
  /** Display name of the account at the provider, for pages that name it. */
  displayName?: string;
  retryAfterSeconds?: number | undefined;
  /** Set when nothing was sent to the provider. */
  unsent?: Unsent;
  /** Since when it has been failing, in milliseconds since 1970, where that is why. */
  failingSince?: number;
  /** The login's destination, so that starting again loses nothing. */
  returnTo?: string;
  /** What the login was for, so that starting again does the same. */
  intent?: string;
  force?: boolean;
  /** The identities of this account that can confirm who it is. */
  ways?: readonly { provider: string; displayName: string }[];
}

/**
 * One login ended here. Carries no `cause`: the errors underneath hold live tokens (an openid-client
 * error keeps the whole token response in its `cause`).
 */
export class LoginError extends Error {
  readonly code: LoginErrorCode;
  readonly facts: Readonly<LoginErrorFacts>;

  constructor(code: LoginErrorCode, facts: LoginErrorFacts = {}) {
    super(facts.reason ? `${code}: ${facts.reason}` : code);
    this.name = 'LoginError';
    this.code = code;
    this.facts = facts;
  }

  /** The same error, knowing more about the login it ended. What was known already stays. */
  with(facts: LoginErrorFacts): LoginError {
    return new LoginError(this.code, { ...facts, ...this.facts });
  }
}

export interface RequestErrorFacts {
  /** A path of this application to go on to, where the page has a button for it. */
  readonly returnTo?: string | null;
  readonly retryAfterSeconds?: number;
  /** In place of the status that the code's page has: 415, 431. */
  readonly status?: number;
  /** For the log, in our own words. */
  readonly logged?: { readonly area?: string; readonly reason?: string };
}

export class RequestError extends Error {
  readonly code: RequestErrorCode;
  readonly returnTo: string | null;
  readonly retryAfterSeconds: number | undefined;
  readonly status: number | undefined;
  readonly logged: NonNullable<RequestErrorFacts['logged']>;

  constructor(code: RequestErrorCode, facts: RequestErrorFacts = {}) {
    super(code);
    this.name = 'RequestError';
    this.code = code;
    this.returnTo = facts.returnTo ?? null;
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.status = facts.status;
    this.logged = facts.logged ?? {};
  }
}

export interface ConfigProblem {
  variable: string;
  /** What is wrong, without the value: it may be a secret. */
  problem: string;
  example: string;
}

/** The environment cannot be used. Holds every problem, so that one look mends all of them. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map((p) => `  ${p.variable}: ${p.problem} Example: ${p.variable}=${p.example}`);
    super(['The configuration cannot be used:', ...lines].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
