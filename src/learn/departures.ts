import { scopeWords } from '../providers/index.ts';
import type { DepartureTopic, Provider } from '../providers/provider.ts';

interface Row {
  readonly label: string;
  readonly cell: (provider: Provider) => string;
}

const standard = 'As in the standard';
const secretPlaces: Readonly<Record<Provider['clientAuthentication'], string>> = {
  client_secret_post: 'in the body',
  client_secret_basic: 'in the Authorization header',
};
const secrets: Readonly<Record<Provider['clientSecret'], (place: string) => string>> = {
  required: (place) => `A client secret, ${place}`,
  optional: (place) => `A client secret ${place}, for clients that have one`,
  'instead-of-pkce': () => 'Either a client secret or PKCE',
};
const schemes: Readonly<Record<Provider['userinfo']['authorization'], string>> = {
  Bearer: 'Bearer token',
  OAuth: 'The token, with the scheme OAuth',
  signed: 'A request token of our own, signed for each request',
};

/** What differs from service to service, each cell read from the provider file. */
const rows: readonly Row[] = [
  {
    label: 'Client authentication',
    cell: ({ clientSecret, clientAuthentication }) =>
      secrets[clientSecret](secretPlaces[clientAuthentication]),
  },
  { label: 'PKCE', cell: ({ pkce }) => toPkceWords(pkce) },
  { label: 'ID token', cell: ({ idToken }) => toIdTokenWords(idToken) },
  { label: 'Scopes that are asked for', cell: toScopes },
  {
    label: 'Further parameters',
    cell: ({ authorizationParameters }) => Object.keys(authorizationParameters).join(', ') || 'None',
  },
  { label: 'Asking again', cell: ({ force }) => toForceWords(force) },
  { label: 'Return address', cell: departs('return-address', 'Compared to the letter') },
  {
    label: 'Issuer in the response',
    cell: ({ announcesIssuer }) => (announcesIssuer ? 'Always' : 'Not promised; checked when it is there'),
  },
  { label: 'Token request', cell: departs('token-request', 'A form, as in the standard') },
  { label: 'Token answer', cell: departs('token-answer', standard) },
  { label: 'Granted scope', cell: departs('granted-scope', standard) },
  {
    label: 'Access token',
    cell: ({ accessToken }) =>
      accessToken === 'bearer' ? 'A bearer token' : 'None: a key pair signs instead',
  },
  { label: 'Profile request', cell: ({ userinfo }) => toUserinfoWords(userinfo) },
  { label: 'Profile answer', cell: departs('profile-answer', 'The bare object') },
  { label: 'Refresh', cell: departs('refresh', standard) },
  {
    label: 'Cancelling access',
    cell: ({ endpoints }) => (endpoints.revocation ? 'A revocation endpoint' : 'Nothing to ask'),
  },
  {
    label: 'Asking whether a token stands',
    cell: ({ validateEvery }) => (validateEvery ? `Every ${validateEvery / 60_000} minutes` : 'Not wanted'),
  },
];

export interface DeparturesTable {
  readonly names: readonly string[];
  readonly rows: readonly { readonly label: string; readonly cells: readonly string[] }[];
}

/** The services side by side. */
export function toDepartures(providers: readonly Provider[]): DeparturesTable {
  return {
    names: providers.map(({ name }) => name),
    rows: rows.map(({ label, cell }) => ({ label, cells: providers.map(cell) })),
  };
}

/** What the provider file says about it, or else what most do. */
function departs(topic: DepartureTopic, otherwise: string) {
  return ({ departures }: Provider) =>
    departures.flatMap(({ about, what }) => (about === topic ? [what] : [])).join(' ') || otherwise;
}

function toPkceWords(pkce: Provider['pkce']): string {
  if (pkce === null) return 'None';
  return pkce === 'S256' ? 'S256' : 'S256 over the decoded verifier, not over its text';
}

function toIdTokenWords(idToken: Provider['idToken']): string {
  if (idToken === null) return 'None';
  return `With the scope openid; ${idToken === 'with-nonce' ? 'it carries the nonce' : 'without a nonce'}`;
}

function toScopes(provider: Provider): string {
  return provider.defaultScope.map((scope) => `${scope} (${scopeWords(provider, scope)})`).join(', ');
}

function toForceWords(force: Provider['force']): string {
  if (force === 'always-asks') return 'It always asks';
  if (force === 'cannot-force') return 'Cannot be forced';
  return Object.entries(force.parameters)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

function toUserinfoWords({ authorization, headers, requestId }: Provider['userinfo']): string {
  const names = [...Object.keys(headers('')), ...(requestId ? ['x-request-id'] : [])];
  return [schemes[authorization], ...(names.length > 0 ? [`with ${names.join(', ')}`] : [])].join(', ');
}
