import { secureOrLoopback } from '../address-rules.ts';
import { inSandbox, type Service } from '../providers/index.ts';
import type { Endpoints, Provider } from '../providers/provider.ts';
import { isScopeName } from '../providers/scope.ts';
import type { Reader } from './reader.ts';
import { endpointVariablesOf } from './variables.ts';

/** Client id and secret that the sandbox made up, by service. */
export type MadeUpClients = Readonly<
  Record<string, { readonly clientId: string; readonly clientSecret: string }>
>;

const choices = ['auto', 'live', 'sandbox', 'off'] as const;

interface Offered {
  readonly provider: Provider;
  /** What the operator has set: the variable that is named after the service. */
  readonly choice: (typeof choices)[number];
  /** To be live it has to have one. */
  readonly needsSecret: boolean;
  /** Of one that is off: what would be asked for. */
  readonly scope: readonly string[];
}

/** One service as this installation offers it. */
export type ServiceConfig = Offered &
  (
    | {
        readonly state: 'live' | 'sandbox';
        readonly clientId: string;
        readonly clientSecret: string | null;
      }
    | { readonly state: 'off'; readonly why: 'closed' | 'not-configured' | 'switched-off' }
  );

export function readService(
  reader: Reader,
  service: Service,
  url: string | null,
  madeUp: MadeUpClients,
): ServiceConfig {
  // What the sandbox does not play it has no credentials for.
  const isPlayed = service.id in madeUp;
  const sandboxUrl = isPlayed ? url : null;
  const prefix = service.id.toUpperCase();
  const chosen = Object.fromEntries(
    Object.entries(service.settings).map(([name, allowed]) => [name, reader.choice(name, allowed)]),
  );
  const provider = service.choose(chosen);
  const choice = reader.choice(prefix, choices) as Offered['choice'];
  const clientId = reader.text(`${prefix}_CLIENT_ID`, '');
  const clientSecret = reader.secret(`${prefix}_CLIENT_SECRET`);
  const authentication = readAuthentication(reader, prefix, provider);
  const needsSecret = provider.clientSecret === 'required' || authentication === 'secret';
  const complete = clientId !== '' && (clientSecret !== null || !needsSecret);
  const state = resolveState(choice, complete, provider, sandboxUrl);
  const overrides = readEndpoints(reader, prefix, provider);
  const scope = readScopeSetting(reader, prefix, provider);
  const offered = { provider, choice, needsSecret, scope };
  if (choice === 'live' && !complete) {
    const missing = clientId === '' ? 'CLIENT_ID' : 'CLIENT_SECRET';
    reader.report({
      variable: `${prefix}_${missing}`,
      problem: `is needed for ${prefix}=live.`,
      example: 'from-the-provider',
    });
  }
  if (state === 'off') return { ...offered, state, why: whyOff(choice, provider) };
  if (state === 'live') {
    return {
      ...offered,
      state,
      provider: withEndpoints(provider, overrides),
      clientId,
      clientSecret: authentication === 'pkce' ? null : clientSecret,
    };
  }
  if (sandboxUrl === null) {
    const why = isPlayed
      ? 'the sandbox is off.'
      : 'the sandbox does not play it: the option inSandbox says how.';
    reader.report({ variable: prefix, problem: `is sandbox, but ${why}`, example: 'auto' });
  }
  return {
    ...offered,
    state,
    // Overrides first: the sandbox then plays the overridden addresses, and signatures cover them.
    provider: inSandbox(withEndpoints(provider, overrides), sandboxUrl ?? ''),
    ...sandboxClient(provider, authentication, { clientId, clientSecret }, madeUp[service.id]),
  };
}

function sandboxClient(
  provider: Provider,
  authentication: string,
  own: { clientId: string; clientSecret: string | null },
  madeUp: MadeUpClients[string] | undefined,
): { clientId: string; clientSecret: string | null } {
  const clientId = own.clientId || (madeUp?.clientId ?? '');
  // Without a word from the operator the sandbox shows the better of the two ways.
  const withoutSecret = authentication === 'pkce' || (authentication === 'auto' && own.clientSecret === null);
  const pkce = provider.clientSecret === 'instead-of-pkce' && withoutSecret;
  return { clientId, clientSecret: pkce ? null : (own.clientSecret ?? madeUp?.clientSecret ?? null) };
}

function readAuthentication(reader: Reader, prefix: string, provider: Provider): string {
  if (provider.clientSecret !== 'instead-of-pkce') return 'auto';
  return reader.choice(`${prefix}_CLIENT_AUTH`, ['auto', 'secret', 'pkce']);
}

function resolveState(
  choice: Offered['choice'],
  complete: boolean,
  provider: Provider,
  sandboxUrl: string | null,
): ServiceConfig['state'] {
  if (choice !== 'auto') return choice;
  // A closed service is never live by itself: its name may belong to anybody by now.
  if (complete && provider.status === 'live') return 'live';
  return sandboxUrl === null ? 'off' : 'sandbox';
}

function whyOff(choice: string, provider: Provider): 'closed' | 'not-configured' | 'switched-off' {
  if (provider.status !== 'live') return 'closed';
  return choice === 'off' ? 'switched-off' : 'not-configured';
}

function readScopeSetting(reader: Reader, prefix: string, provider: Provider): string[] {
  const scope = reader.text(`${prefix}_SCOPES`, provider.defaultScope.join(' ')).split(/\s+/);
  if (!scope.every(isScopeName)) {
    reader.report({
      variable: `${prefix}_SCOPES`,
      problem: 'has a character that no scope has.',
      example: provider.defaultScope.join(' '),
    });
  }
  return [...new Set(scope)];
}

/** The endpoints that the operator has replaced. */
function readEndpoints(reader: Reader, prefix: string, provider: Provider): Partial<Endpoints> {
  const { endpoints } = provider;
  const overrides = endpointVariablesOf(provider).flatMap(([suffix, name]) => {
    const variable = `${prefix}_${suffix}`;
    if (reader.text(variable, '') === '') return [];
    return [[name, reader.url(variable, endpoints[name] ?? endpoints.token, secureOrLoopback).href]];
  });
  return Object.fromEntries(overrides);
}

function withEndpoints(provider: Provider, overrides: Partial<Endpoints>): Provider {
  return { ...provider, endpoints: { ...provider.endpoints, ...overrides } };
}
