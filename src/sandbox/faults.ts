import { type Service, services } from './services.ts';

interface Fault {
  /** What exactly goes wrong. */
  effect: string;
  services: readonly Service[];
}

const withIdToken: readonly Service[] = ['twitch', 'resonite'];
const withRefresh: readonly Service[] = ['twitch', 'mixer', 'resonite'];
const withRedirectUri: readonly Service[] = ['twitch', 'mixer', 'resonite'];

function fault(effect: string, at: readonly Service[] = services): Fault {
  return { effect, services: at };
}

/** Everything the sandbox can do wrong on request: a name, and what exactly goes wrong. */
export const faultTable = {
  authorize_server_error: fault('authorization ends with error=server_error'),
  authorize_denied: fault('authorization ends as if the person had said no'),
  authorize_redirect_mismatch: fault('the redirect URI counts as not registered', withRedirectUri),
  authorize_wrong_iss: fault('the callback carries the iss of a stranger'),
  authorize_with_iss: fault('the callback carries the right iss', ['resonite']),
  authorize_wrong_state: fault('the callback carries another state'),
  fewer_scopes: fault('only the scopes a login cannot do without are granted'),
  token_html: fault('the token endpoint answers 200 with an HTML page'),
  token_500: fault('the token endpoint answers 500'),
  token_hang: fault('the token endpoint takes the request and never answers'),
  token_429: fault('the token endpoint answers 429 with Retry-After: 30'),
  token_empty: fault('the token endpoint answers 200 with {}'),
  token_error_in_200: fault('the token endpoint answers 200 with an error body'),
  token_redirect: fault('the token endpoint answers 307 to /elsewhere/token'),
  token_wrong_secret: fault('the client secret counts as wrong'),
  token_code_expired: fault('the authorization code counts as expired'),
  token_scope_null: fault('scope is null'),
  token_scope_empty_string: fault('scope is [""]'),
  token_scope_absent: fault('scope is left out'),
  refresh_refused: fault('every refresh token counts as dead', withRefresh),
  refresh_500: fault('the token endpoint answers 500 to a refresh, and to no other grant', withRefresh),
  refresh_hang: fault('the token endpoint takes a refresh and never answers', withRefresh),
  refresh_other_person: fault('a refresh hands out tokens of another person', withRefresh),
  refresh_token_rotated: fault('a refresh gives a new refresh token and ends the old one', ['twitch']),
  revoke_500: fault('the revocation endpoint answers 500', ['twitch']),
  revoke_hang: fault('the revocation endpoint takes the request and never answers', ['twitch']),
  validate_401: fault('every access token counts as dead where tokens are validated', ['twitch']),
  validate_500: fault('validation answers 500', ['twitch']),
  validate_hang: fault('validation takes the request and never answers', ['twitch']),
  validate_other_client: fault('validation says that the token is another client’s', ['twitch']),
  validate_other_person: fault('validation says that the token is another person’s', ['twitch']),
  id_token_missing: fault('the ID token is left out', withIdToken),
  id_token_bad_signature: fault('the ID token has a signature that does not fit', withIdToken),
  id_token_wrong_nonce: fault('the ID token carries another nonce', withIdToken),
  id_token_wrong_audience: fault('the ID token is made out to another client', withIdToken),
  id_token_wrong_issuer: fault('the ID token names another issuer', withIdToken),
  id_token_expired: fault('the ID token ended an hour ago', withIdToken),
  id_token_wrong_at_hash: fault('at_hash in the ID token fits another access token', withIdToken),
  userinfo_html: fault('userinfo answers 200 with an HTML page'),
  userinfo_500: fault('userinfo answers 500'),
  userinfo_401: fault('userinfo refuses every access token'),
  userinfo_hang: fault('userinfo takes the request and never answers'),
  userinfo_redirect: fault('userinfo answers 302 to /elsewhere/userinfo'),
  userinfo_without_id: fault('userinfo leaves out the id of the person'),
  userinfo_other_person: fault('userinfo describes another person than the tokens'),
  userinfo_huge: fault('userinfo is a megabyte longer'),
  integrity_wrong: fault('X-Integrity-Token does not fit the answer', ['mixin']),
  request_id_wrong: fault('X-Request-Id of the answer is another one', ['mixin']),
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faultTable;

/** The faults that are switched on, per service; each stays on for all requests until it is cleared. */
export class FaultSwitches {
  readonly #on = new Map<Service, Set<FaultName>>();

  set(service: Service, name: FaultName): void {
    const known = faultTable[name] as Fault | undefined;
    if (!known?.services.includes(service)) throw new Error(`There is no fault ${name} for ${service}`);
    const names = this.#on.get(service) ?? new Set();
    this.#on.set(service, names.add(name));
  }

  has(service: Service, name: FaultName): boolean {
    return this.#on.get(service)?.has(name) ?? false;
  }

  list(service: Service): FaultName[] {
    return [...(this.#on.get(service) ?? [])];
  }

  clear(service?: Service): void {
    if (service) this.#on.delete(service);
    else this.#on.clear();
  }
}
