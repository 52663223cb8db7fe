import { type AnswerFault, answerFaultNames, answerFaults, type AnswerFaultName } from './answer-faults.ts';
import { type Host, hostsWithFaults, type Service, serviceOfHost, services } from './services.ts';

type Hosts = readonly Host[];

export interface Fault {
  /** What exactly goes wrong. */
  readonly effect: string;
  /** Where it can happen: nowhere else would it make a difference. */
  readonly hosts: Hosts;
  readonly services: readonly Service[];
  /** For the table: what kind of fault it is, or the endpoint whose answer breaks. */
  readonly group: string;
}

interface FaultyEndpointFacts {
  readonly words: string;
  /** Where it is. */
  readonly hosts: Hosts;
  /** Where its answer has no body that could break off. */
  readonly bodiless?: Hosts;
  /** In which of the ways it can break; without them in all. */
  readonly kinds?: readonly AnswerFaultName[];
}

const twitchHosts = ['id.twitch.tv', 'api.twitch.tv'] as const;
const mixinApiHosts = ['api.mixin.one', 'mixin-api.zeromesh.net'] as const;
const resoniteHost = 'account.resonite.com';

/** Mixin has no refresh, sends nobody to an address that a request names, and knows no e-mail address. */
const withoutMixin: Hosts = [...twitchHosts, 'mixer.com', resoniteHost];
const withTokens: Hosts = [...twitchHosts, 'mixer.com', ...mixinApiHosts, resoniteHost];
const withAuthorization: Hosts = [...twitchHosts, 'mixer.com', 'mixin.one', resoniteHost];
const withIdToken: Hosts = ['id.twitch.tv', resoniteHost];

/** The endpoints whose answers can break in the ways of `answer-faults.ts`, and where they are. */
export const faultyEndpoints = {
  authorize: {
    words: 'the authorization page',
    hosts: withAuthorization,
    // The others are for answers in JSON.
    kinds: ['429', '500', '503', 'html', 'slow'] as unknown as readonly AnswerFaultName[],
  },
  token: { words: 'the token endpoint', hosts: withTokens },
  refresh: { words: 'the token endpoint, asked to refresh,', hosts: withoutMixin },
  userinfo: { words: 'the endpoint of the profile', hosts: withTokens },
  validate: { words: 'the validation endpoint', hosts: twitchHosts },
  revoke: {
    words: 'the revocation endpoint',
    hosts: [...twitchHosts, ...mixinApiHosts],
    bodiless: ['id.twitch.tv'],
  },
  introspect: { words: 'the introspection endpoint', hosts: ['mixer.com'] },
  discovery: { words: 'the discovery document', hosts: withIdToken },
  keys: { words: 'the key set', hosts: withIdToken },
} as const satisfies Record<string, FaultyEndpointFacts>;

export type FaultyEndpoint = keyof typeof faultyEndpoints;

export const faultyEndpointNames = Object.keys(faultyEndpoints) as FaultyEndpoint[];

/** Without hosts it can happen wherever the rest of its group can. */
type Named = readonly [effect: string, hosts?: Hosts];

const authorization = {
  authorize_server_error: ['authorization ends with error=server_error'],
  authorize_denied: ['authorization ends as if the person had said no'],
  authorize_redirect_mismatch: ['the redirect URI counts as not registered', withoutMixin],
  authorize_other_person: ['the code is for another person than the one who said yes'],
  authorize_wrong_state: ['the callback carries a state that nobody sent'],
  authorize_missing_state: ['the callback carries no state'],
  authorize_foreign_state: ['the callback carries the state of the login before this one'],
  authorize_with_iss: ['the callback carries the right iss', [...twitchHosts, resoniteHost]],
  authorize_wrong_iss: ['the callback carries the iss of a stranger'],
  authorize_foreign_iss: ['the callback carries the iss of another service that is played here'],
  discovery_promises_iss: [
    'the discovery document promises iss in the callback, which does not come',
    withIdToken,
  ],
  fewer_scopes: ['only the scopes a login cannot do without are granted'],
} as const satisfies Record<string, Named>;

const tokens = {
  token_wrong_secret: ['the client secret counts as wrong'],
  token_code_expired: ['the authorization code counts as expired'],
  token_scope_null: ['scope is null'],
  token_scope_empty_string: ['scope is [""]'],
  token_scope_absent: ['scope is left out'],
  refresh_refused: ['every refresh token counts as dead', withoutMixin],
  refresh_refused_401: ['a dead refresh token is answered with 401, as some saw it, not 400', twitchHosts],
  refresh_other_person: ['a refresh hands out tokens of another person', withoutMixin],
  refresh_token_rotated: ['a refresh gives a new refresh token and ends the old one', twitchHosts],
  refresh_token_kept: ['a refresh gives no new refresh token, and the old one stays good', [resoniteHost]],
  access_revoked: ['the person has removed the application: every token counts as dead'],
  clock_ahead: ['the clock of the service is ten minutes ahead', hostsWithFaults],
  clock_behind: ['the clock of the service is ten minutes behind', hostsWithFaults],
} as const satisfies Record<string, Named>;

const idToken = {
  id_token_missing: ['the ID token is left out'],
  id_token_bad_signature: ['the ID token has a signature that does not fit'],
  id_token_foreign_key: ['the ID token is signed with another key than the key set names for it'],
  id_token_unknown_key: ['the ID token names a key that the key set does not hold'],
  id_token_unsigned: ['the ID token has alg none and no signature'],
  id_token_hs256: ['the ID token is signed with the client secret (HS256)'],
  id_token_wrong_nonce: ['the ID token carries another nonce'],
  id_token_with_nonce: ['the ID token carries the nonce that was sent', [resoniteHost]],
  id_token_wrong_audience: ['the ID token is made out to another client'],
  id_token_wrong_issuer: ['the ID token names another issuer'],
  id_token_expired: ['the ID token ended an hour ago'],
  id_token_wrong_at_hash: ['at_hash in the ID token fits another access token'],
  keys_rotated: ['the key set holds a new key alone, and ID tokens are signed with it'],
  keys_none: ['the key set is empty'],
} as const satisfies Record<string, Named>;

const profiles = {
  no_email: ['nobody has an e-mail address', withoutMixin],
  userinfo_401: ['the profile refuses every access token'],
  userinfo_without_id: ['the profile leaves out the id of the person'],
  userinfo_other_person: ['the profile describes another person than the tokens'],
  challenge_absent: ['a 401 comes without WWW-Authenticate', ['api.twitch.tv', resoniteHost]],
  validate_401: ['every access token counts as dead where tokens are validated', twitchHosts],
  validate_other_client: ['validation says that the token is another client’s', twitchHosts],
  validate_other_person: ['validation says that the token is another person’s', twitchHosts],
  kraken_v3: [
    'Kraken is as it was before September 2019: version 3 is there, and the default',
    ['api.twitch.tv'],
  ],
  integrity_wrong: ['X-Integrity-Token does not fit the answer', mixinApiHosts],
  request_id_wrong: ['X-Request-Id of the answer is another one', mixinApiHosts],
} as const satisfies Record<string, Named>;

type OwnName = keyof (typeof authorization & typeof tokens & typeof idToken & typeof profiles);

export type FaultName = OwnName | `${FaultyEndpoint}_${AnswerFaultName}`;

function toFault(group: string, effect: string, hosts: Hosts): Fault {
  const at = services.filter((service) => hosts.some((host) => serviceOfHost(host) === service));
  return { effect, hosts, services: at, group };
}

function entriesOf(group: string, usual: Hosts, faults: Readonly<Record<string, Named>>): [string, Fault][] {
  return Object.entries(faults).map(([name, [effect, hosts = usual]]) => [
    name,
    toFault(group, effect, hosts),
  ]);
}

function answerEntries(endpoint: FaultyEndpoint): [string, Fault][] {
  const { words, hosts, kinds, bodiless = [] }: FaultyEndpointFacts = faultyEndpoints[endpoint];
  // Names of members are texts, also where they look like numbers.
  const offered = answerFaultNames.filter((name) => !kinds || kinds.map(String).includes(name));
  return offered.map((name) => {
    const { effect, needsBody = false }: AnswerFault = answerFaults[name];
    const at = hosts.filter((host) => !needsBody || !bodiless.includes(host));
    return [`${endpoint}_${name}`, toFault(endpoint, `${words} ${effect}`, at)];
  });
}

/** Everything the sandbox can do wrong on request: a name, and what exactly goes wrong. */
export const faultTable = Object.fromEntries([
  ...entriesOf('authorization', withAuthorization, authorization),
  ...entriesOf('tokens', withTokens, tokens),
  ...entriesOf('ID token', withIdToken, idToken),
  ...entriesOf('profile', withTokens, profiles),
  ...faultyEndpointNames.flatMap(answerEntries),
]) as Readonly<Record<FaultName, Fault>>;

export const faultNames = Object.keys(faultTable) as FaultName[];

/** Where a fault is: at a service, or only at one of its hosts. */
export type Place = Service | Host;

/** `all` requests that it concerns until it is taken back, or only the `next` one. */
export type Reach = 'all' | 'next';

export interface SwitchedFault {
  at: Place;
  name: FaultName;
  reach: Reach;
}

export function readPlace(value: unknown): Place | undefined {
  if (typeof value !== 'string') return undefined;
  return [...services, ...hostsWithFaults].find((place) => place === value);
}

export function readFaultName(value: unknown): FaultName | undefined {
  return typeof value === 'string' && Object.hasOwn(faultTable, value) ? (value as FaultName) : undefined;
}

/** Where this fault can happen: hosts where a host was meant, and services where a service was. */
export function placesOf(name: FaultName, meant: string): readonly string[] {
  const { hosts, services: at } = faultTable[name];
  return serviceOfHost(meant) === null ? at : hosts;
}

export function canFail(at: string, name: FaultName): boolean {
  return placesOf(name, at).includes(at);
}

/** The faults that are switched on. */
export class FaultSwitches {
  #on: SwitchedFault[] = [];

  /** Throws for a fault that nothing at this place can have. */
  set(at: Place, name: FaultName, reach: Reach = 'all'): void {
    if (!readFaultName(name) || !canFail(at, name)) throw new Error(`There is no fault ${name} for ${at}`);
    this.clear(at, name);
    this.#on.push({ at, name, reach });
  }

  list(): readonly SwitchedFault[] {
    return this.#on;
  }

  /** Without a name all faults of the place, and without a place all there are. */
  clear(at?: Place, name?: FaultName): void {
    this.#on = this.#on.filter(
      (fault) => (at !== undefined && fault.at !== at) || (name !== undefined && fault.name !== name),
    );
  }

  /** Whether a request to this host meets the fault; one that was meant for the next request is then over. */
  take(host: string, name: FaultName): boolean {
    const isAt = ({ at }: SwitchedFault) => at === host || at === serviceOfHost(host);
    const found = this.#on.filter((fault) => fault.name === name && isAt(fault) && canFail(host, name));
    this.#on = this.#on.filter((fault) => fault.reach === 'all' || !found.includes(fault));
    return found.length > 0;
  }
}

/** The faults that one request meets: those that are switched on and those that it names itself. */
export class RequestFaults {
  readonly #switches: FaultSwitches;
  readonly #host: string;
  readonly #named: ReadonlySet<FaultName>;
  readonly #met = new Set<FaultName>();

  constructor(switches: FaultSwitches, host: string, named: readonly FaultName[]) {
    this.#switches = switches;
    this.#host = host;
    this.#named = new Set(named);
  }

  /** Gives the same answer for the whole request. */
  has(name: FaultName): boolean {
    if (this.#met.has(name)) return true;
    const meets = this.#named.has(name) || this.#switches.take(this.#host, name);
    if (meets) this.#met.add(name);
    return meets;
  }

  /** Those that made a difference so far. */
  met(): readonly FaultName[] {
    return [...this.#met];
  }
}
