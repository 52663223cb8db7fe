import { type Service, services } from '../providers/index.ts';
import type { Endpoints, Provider } from '../providers/provider.ts';

const endpointVariables = {
  AUTHORIZATION_ENDPOINT: 'authorization',
  TOKEN_ENDPOINT: 'token',
  USERINFO_ENDPOINT: 'userinfo',
  REVOCATION_ENDPOINT: 'revocation',
  VALIDATION_ENDPOINT: 'validation',
} as const satisfies Record<string, keyof Endpoints>;

const generalVariables = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'BASE_URL',
  'SESSION_SECRET',
  'SESSION_SECRET_FILE',
  'SESSION_IDLE_HOURS',
  'SESSION_ABSOLUTE_DAYS',
  'REAUTH_MINUTES',
  'TRUSTED_PROXIES',
  'RATE_LIMIT_START_PER_BROWSER',
  'RATE_LIMIT_START_PER_ADDRESS',
  'RATE_LIMIT_CALLBACK_PER_BROWSER',
  'RATE_LIMIT_CALLBACK_PER_ADDRESS',
  'RATE_LIMIT_ACTION_PER_BROWSER',
  'RATE_LIMIT_ACTION_PER_ADDRESS',
  'DATA_DIR',
  'DATABASE_URL',
  'DATABASE_URL_FILE',
  'DATABASE_POOL_SIZE',
  'SESSION_STORE_URL',
  'SESSION_STORE_URL_FILE',
  'SESSION_STORE_PREFIX',
  'LOG_LEVEL',
  'SECURITY_CONTACT',
  'DRAIN_SECONDS',
  'PROVIDER_REQUESTS_IN_FLIGHT',
  'PROVIDER_REQUESTS_WAITING',
  'METRICS_PORT',
  'METRICS_HOST',
  'INSPECTOR',
  'SANDBOX',
  'SANDBOX_PORT',
  'SANDBOX_URL',
  'SANDBOX_REGISTRATIONS',
  'SANDBOX_REDIRECT_URIS',
  'SANDBOX_AUTO_APPROVE',
  'SANDBOX_AUTO_APPROVE_SCOPES',
  'SANDBOX_STEPS',
  'SANDBOX_FAULTS',
  'SANDBOX_SEED',
] as const;

export type GeneralVariable = (typeof generalVariables)[number];

/** Every variable that is read where these services are offered. */
export function variablesFor(offered: readonly Service[]): readonly string[] {
  return [...generalVariables, ...offered.flatMap(variablesOf)];
}

/** Every variable that is read. `.env.example` explains each one; a test compares the two. */
export const variables = variablesFor(services);

export function endpointVariablesOf({ endpoints }: Provider): [suffix: string, name: keyof Endpoints][] {
  return Object.entries(endpointVariables).filter(
    ([, name]) => name !== 'validation' || endpoints.validation,
  );
}

function variablesOf(service: Service): string[] {
  const prefix = service.id.toUpperCase();
  const names = [
    'CLIENT_ID',
    'CLIENT_SECRET',
    'CLIENT_SECRET_FILE',
    'SCOPES',
    ...endpointVariablesOf(service.choose({})).map(([suffix]) => suffix),
  ];
  const authentication =
    service.choose({}).clientSecret === 'instead-of-pkce' ? [`${prefix}_CLIENT_AUTH`] : [];
  return [
    prefix,
    ...names.map((name) => `${prefix}_${name}`),
    ...authentication,
    ...Object.keys(service.settings),
  ];
}
