import type { Config, ServiceConfig } from '../config.ts';
import { closingSentence } from '../providers/index.ts';
import type { Provider } from '../providers/provider.ts';
import type { VariableFacts } from '../variable-facts.ts';
import type { Status } from './finding.ts';

/** What a developer needs to set one service up, and how far that is done. */
export interface ProviderSetup {
  readonly id: string;
  readonly name: string;
  readonly state: ServiceConfig['state'];
  readonly status: Status;
  /** `Ready`, `Missing: TWITCH_CLIENT_SECRET`, `Sandbox only`. */
  readonly summary: string;
  /** `Mixer closed on 22 July 2020. There is nothing to set up.`; null for one that lives. */
  readonly closed: string | null;
  readonly redirectUri: string;
  readonly where: { readonly url: string | null; readonly place: string; readonly field: string | null };
  readonly rules: readonly string[];
  readonly variables: readonly VariableState[];
  /** Lines for `.env`, without values. */
  readonly snippet: string;
  /** To send to people who register by hand; null where there is a page for it. */
  readonly message: string | null;
}

interface VariableState {
  readonly name: string;
  /** `set (30 characters)`, `missing`, `looks wrong: it has a space at the end`. Never the value. */
  readonly words: string;
  readonly status: Status;
}

/** A variable of one provider: `TWITCH_CLIENT_ID` for the suffix `CLIENT_ID`. */
export function variableName({ id }: Pick<Provider, 'id'>, suffix: string): string {
  return `${id.toUpperCase()}_${suffix}`;
}

export function toProviderSetup(config: Config, service: ServiceConfig, redirectUri: string): ProviderSetup {
  const { provider, state, scope } = service;
  const { url, place, field, rules, message } = provider.registration;
  const variables = toVariables(config, service);
  const closing = closingSentence(provider);
  return {
    id: provider.id,
    name: provider.name,
    state,
    ...summarize(service, variables),
    closed: closing && `${closing} There is nothing to set up.`,
    redirectUri,
    where: { url, place, field },
    rules,
    variables,
    snippet: toSnippet(provider),
    message: message?.({ baseUrl: config.baseUrl, redirectUri, scope }) ?? null,
  };
}

function toVariables({ credentials }: Config, service: ServiceConfig): VariableState[] {
  const { provider } = service;
  const id = variableName(provider, 'CLIENT_ID');
  const secret = variableName(provider, 'CLIENT_SECRET');
  const needsSecret = provider.clientSecret === 'required';
  const scopes = variableName(provider, 'SCOPES');
  const isBegun = [id, secret].some((name) => lengthOf(credentials[name]) > 0);
  return [
    toState(id, credentials[id], isBegun),
    toState(secret, credentials[secret], isBegun && needsSecret),
    { name: scopes, status: 'ok', words: describeScope(service) },
  ];
}

/** `isNeeded`: the other half of the credentials is there, so that this one is what is missing. */
function toState(name: string, facts: VariableFacts | undefined, isNeeded: boolean): VariableState {
  if (facts === undefined || facts.length === 0)
    return { name, words: 'missing', status: isNeeded ? 'needs-action' : 'not-checked' };
  const set = `set (${facts.length} characters)`;
  if (facts.oddities.length === 0) return { name, words: set, status: 'ok' };
  return {
    name,
    words: `${set}, looks wrong: it ${facts.oddities.join(', and it ')}`,
    status: 'needs-action',
  };
}

function lengthOf(facts: VariableFacts | undefined): number {
  return facts?.length ?? 0;
}

/** Scopes are no secret, but a value is never shown; what matters is whether it is the usual one. */
function describeScope({ provider, scope }: ServiceConfig): string {
  const chosen = scope.join(' ');
  if (chosen === provider.defaultScope.join(' ')) return 'not set: the usual ones';
  const unknown = scope.filter((name) => !Object.hasOwn(provider.scopes, name)).length;
  const set = `set (${chosen.length} characters)`;
  if (unknown === 0) return set;
  return `${set}; ${unknown} ${unknown === 1 ? 'scope' : 'scopes'} not known to Latchkey`;
}

function summarize(
  { provider, state }: ServiceConfig,
  variables: readonly VariableState[],
): Pick<ProviderSetup, 'status' | 'summary'> {
  const open = variables.filter(({ status }) => status === 'needs-action');
  const missing = open.filter(({ words }) => words === 'missing').map(({ name }) => name);
  const wrong = open.filter(({ words }) => words !== 'missing').map(({ name }) => name);
  if (missing.length > 0) return { status: 'needs-action', summary: `Missing: ${missing.join(', ')}` };
  if (wrong.length > 0) return { status: 'needs-action', summary: `Looks wrong: ${wrong.join(', ')}` };
  if (state === 'live') return { status: 'ok', summary: 'Ready' };
  if (state === 'off') return { status: 'not-checked', summary: 'Off' };
  return { status: 'ok', summary: provider.status === 'live' ? 'Ready in the sandbox' : 'Sandbox only' };
}

function toSnippet(provider: Provider): string {
  const secret = `${variableName(provider, 'CLIENT_SECRET')}=`;
  return [
    `${variableName(provider, 'CLIENT_ID')}=`,
    ...(provider.clientSecret === 'instead-of-pkce' ? ['# Not needed: without a secret PKCE is used.'] : []),
    ...(provider.clientSecret === 'optional' ? ['# Only where one was given out.'] : []),
    secret,
  ].join('\n');
}
