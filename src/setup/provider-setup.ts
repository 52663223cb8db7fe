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
  /** `Ready`, `Missing: TWITCH_CLIENT_SECRET`, `Sandbox only`, `Off (TWITCH is off)`. */
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
    snippet: toSnippet(service),
    message: message?.({ baseUrl: config.baseUrl, redirectUri, scope }) ?? null,
  };
}

function toVariables({ credentials }: Config, service: ServiceConfig): VariableState[] {
  const { provider, choice, needsSecret } = service;
  const id = variableName(provider, 'CLIENT_ID');
  const secret = variableName(provider, 'CLIENT_SECRET');
  const scopes = variableName(provider, 'SCOPES');
  // Whoever has chosen the sandbox, or nothing at all, is asked for none.
  const isWanted = choice === 'auto' || choice === 'live';
  const isBegun = [id, secret].some((name) => lengthOf(credentials[name]) > 0);
  return [
    toState(id, credentials[id], { isWanted, isNeeded: isBegun }),
    toState(secret, credentials[secret], { isWanted, isNeeded: isBegun && needsSecret }),
    { name: scopes, status: 'ok', words: describeScope(service) },
  ];
}

/** `isNeeded`: the other half of the credentials is there, so that this one is what is missing. */
function toState(
  name: string,
  facts: VariableFacts | undefined,
  { isWanted, isNeeded }: { readonly isWanted: boolean; readonly isNeeded: boolean },
): VariableState {
  const open = isWanted ? 'needs-action' : 'not-checked';
  if (facts === undefined || facts.length === 0)
    return { name, words: 'missing', status: isNeeded ? open : 'not-checked' };
  const set = `set (${facts.length} characters)`;
  if (facts.oddities.length === 0) return { name, words: set, status: 'ok' };
  return { name, words: `${set}, looks wrong: it ${facts.oddities.join(', and it ')}`, status: open };
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
  service: ServiceConfig,
  variables: readonly VariableState[],
): Pick<ProviderSetup, 'status' | 'summary'> {
  const open = variables.filter(({ status }) => status === 'needs-action');
  const missing = open.filter(({ words }) => words === 'missing').map(({ name }) => name);
  const wrong = open.filter(({ words }) => words !== 'missing').map(({ name }) => name);
  if (missing.length > 0) return { status: 'needs-action', summary: `Missing: ${missing.join(', ')}` };
  if (wrong.length > 0) return { status: 'needs-action', summary: `Looks wrong: ${wrong.join(', ')}` };
  if (service.state === 'live') return { status: 'ok', summary: 'Ready' };
  if (service.state === 'off') return { status: 'not-checked', summary: `Off (${toReason(service)})` };
  return {
    status: 'ok',
    summary: service.provider.status === 'live' ? 'Ready in the sandbox' : 'Sandbox only',
  };
}

function toReason({ provider, why }: Extract<ServiceConfig, { readonly state: 'off' }>): string {
  const reasons = {
    closed: 'closed',
    'not-configured': 'not set up',
    'switched-off': `${provider.id.toUpperCase()} is off`,
  };
  return reasons[why];
}

function toSnippet({ provider, needsSecret }: ServiceConfig): string {
  const withoutSecret = {
    required: [],
    'instead-of-pkce': ['# Not needed: without a secret PKCE is used.'],
    optional: ['# Only where one was given out.'],
  };
  return [
    `${variableName(provider, 'CLIENT_ID')}=`,
    ...(needsSecret ? [] : withoutSecret[provider.clientSecret]),
    `${variableName(provider, 'CLIENT_SECRET')}=`,
  ].join('\n');
}
