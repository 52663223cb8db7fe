import { findInsecure } from './address-rules.ts';
import { type Environment, type GeneralVariable, variablesFor } from './config.ts';
import { nearest } from './nearest.ts';
import { type Service, services, type ShippedId } from './providers/index.ts';
import type { Provider } from './providers/provider.ts';
import type { StandardService } from './sandbox/standard-service.ts';
import type { Hooks } from './web/hooks.ts';

/** Variables of the server alone: inside another application these matters are its own. */
const serverVariables = ['HOST', 'PORT', 'METRICS_HOST', 'METRICS_PORT'] as const;

type ServerVariable = (typeof serverVariables)[number];

type ServiceVariable =
  | Uppercase<ShippedId>
  | 'TWITCH_API'
  | 'MIXIN_TOKEN'
  | `${Uppercase<string>}_${
      | 'CLIENT_ID'
      | 'CLIENT_SECRET'
      | 'CLIENT_SECRET_FILE'
      | 'CLIENT_AUTH'
      | 'SCOPES'
      | `${'AUTHORIZATION' | 'TOKEN' | 'USERINFO' | 'REVOCATION' | 'VALIDATION'}_ENDPOINT`}`;

/**
 * The configuration variables of the README by the same names; nothing is read from the environment
 * but NODE_ENV, as Express reads it. What is undefined or empty counts as not set. LOG_LEVEL is `warn`
 * by default: an application logs its requests itself. `Own` are the ids of providers of your own.
 */
export type Settings<Own extends string = string> = { readonly BASE_URL: string } & {
  readonly [name in Exclude<GeneralVariable, ServerVariable> | ServiceVariable | Uppercase<Own>]?:
    | string
    | number
    | boolean
    | undefined;
};

export interface LatchkeyOptions<Own extends string = string> {
  readonly settings: Settings<Own>;
  /** Functions that hear of what has happened. */
  readonly on?: Hooks;
  /** Providers of your own, offered after the four. */
  readonly providers?: readonly (Provider & { readonly id: Own })[];
  /** Those of them that the sandbox plays, by the same ids. */
  readonly inSandbox?: readonly StandardService[];
}

export interface ReadOptions {
  readonly environment: Environment;
  readonly hooks: Hooks;
  readonly offered: readonly Service[];
  readonly played: readonly StandardService[];
}

const optionNames = ['settings', 'on', 'providers', 'inSandbox'];
const hookNames = ['signedIn', 'linked', 'unlinked'];

/** Throws `TypeError` with every option that does not exist or is of the wrong kind, a line each. */
export function readOptions(options: LatchkeyOptions, nodeEnvironment: string): ReadOptions {
  const problems: string[] = [];
  const given = toEntries(options, 'the options', problems);
  const settings = toEntries(options?.settings, 'settings', problems);
  const hooks = toEntries(options?.on ?? {}, 'on', problems);
  const providers = toList(options?.providers, 'providers', problems);
  const played = toList(options?.inSandbox, 'inSandbox', problems);
  for (const { id } of played)
    if (!providers.some((provider) => provider.id === id))
      problems.push(`inSandbox: there is no provider with the id ${String(id)}.`);
  problems.push(...findIdProblems(providers), ...providers.flatMap(findEndpointProblems));
  const offered = [...services, ...providers.map(toService)];
  const known = variablesFor(offered);

  const say = (name: string, names: readonly string[], where: string) => {
    const meant = nearest(name, names);
    problems.push(`${where}${name} is not known.${meant ? ` Did you mean ${meant}?` : ''}`);
  };
  for (const [name] of given) if (!optionNames.includes(name)) say(name, optionNames, '');
  for (const [name, value] of settings) {
    if (serverVariables.some((variable) => variable === name))
      problems.push(`settings.${name} is for Latchkey's own server; your application has its own.`);
    else if (!known.includes(name)) say(name, known, 'settings.');
    else if (!['string', 'number', 'boolean', 'undefined'].includes(typeof value))
      problems.push(`settings.${name} must be a text, a number, true or false.`);
  }
  for (const [name, hook] of hooks) {
    if (!hookNames.includes(name)) say(name, hookNames, 'on.');
    else if (hook !== undefined && typeof hook !== 'function')
      problems.push(`on.${name} must be a function.`);
  }
  if (problems.length > 0) throw new TypeError(['latchkey() was given:', ...problems].join('\n  '));

  const set = settings
    .map(([name, value]) => [name, String(value ?? '')] as const)
    .filter(([, text]) => text.trim() !== '');
  const environment = {
    NODE_ENV: nodeEnvironment,
    LOG_LEVEL: 'warn',
    ...(Object.fromEntries(set) as Environment),
  };
  return { environment, hooks: (options.on ?? {}) as Hooks, offered, played };
}

function toEntries(value: unknown, what: string, problems: string[]): [string, unknown][] {
  if (typeof value === 'object' && value !== null) return Object.entries(value);
  problems.push(`${what} must be an object.`);
  return [];
}

function toList<Entry>(
  value: readonly Entry[] | undefined,
  what: string,
  problems: string[],
): readonly Entry[] {
  if (value === undefined || Array.isArray(value)) return value ?? [];
  problems.push(`${what} must be a list.`);
  return [];
}

/** The id becomes an address, a class name and a prefix of variables; two would share all of them. */
function findIdProblems(providers: readonly Provider[]): string[] {
  const ids = [...services, ...providers].map(({ id }) => id);
  return providers.flatMap(({ id }) => {
    if (typeof id !== 'string' || !/^[a-z]+$/.test(id))
      return [`providers: the id ${String(id)} must be letters from a to z.`];
    return ids.filter((other) => other === id).length > 1 ? [`providers: the id ${id} is there twice.`] : [];
  });
}

/** What is replaced by settings is checked by the configuration, as with every service. */
function findEndpointProblems({ id, endpoints }: Provider): string[] {
  return findInsecure(endpoints).map(
    (endpoint) =>
      `providers: of ${id}'s endpoints, ${endpoint} must be https, or http to this machine. Put its https address into the facts.`,
  );
}

/** A provider without settings that choose among its sets of facts. */
function toService(provider: Provider): Service {
  return { id: provider.id, settings: {}, choose: () => provider };
}
