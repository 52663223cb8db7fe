import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, SandboxChoices } from './config.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { createPaths } from './paths.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from './sandbox/app.ts';
import { readSwitchedFault, SandboxInputError } from './sandbox/fault-list.ts';
import type { SwitchedFault } from './sandbox/faults.ts';
import { readRegistrations } from './sandbox/registration-file.ts';
import { isKnownScope } from './sandbox/scopes.ts';
import { services } from './sandbox/services.ts';
import type { StandardService } from './sandbox/standard-service.ts';
import { findDouble, madeUpClients, type Registration } from './sandbox/registrations.ts';

const examples = {
  SANDBOX_FAULTS: 'twitch:token_500, api.twitch.tv:userinfo_html:next',
  SANDBOX_REGISTRATIONS: './registrations.json',
  SANDBOX_AUTO_APPROVE_SCOPES: 'openid',
};

/** What the sandbox says about a setting becomes a problem of that variable. */
function reading<V>(variable: keyof typeof examples, read: () => V): V {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SandboxInputError)) throw error;
    throw new ConfigError([{ variable, problem: error.message, example: examples[variable] }]);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new SandboxInputError('names a file that cannot be read.');
  }
}

/** The registrations in the file that the configuration names; none when it names none. */
export function readRegistrationsFile({ registrationsFile }: SandboxChoices): Registration[] {
  if (registrationsFile === null) return [];
  return reading('SANDBOX_REGISTRATIONS', () => readRegistrations(readText(registrationsFile)));
}

/** Two with one id: the second would never be found, and nobody would know why. */
function checkDoubles(registrations: readonly Registration[]): void {
  const double = findDouble(registrations);
  if (!double) return;
  const problem = `has ${double.clientId} twice at ${double.service}; another clientId helps.`;
  throw new ConfigError([
    { variable: 'SANDBOX_REGISTRATIONS', problem, example: examples.SANDBOX_REGISTRATIONS },
  ]);
}

/** With a slip in it a login would be granted less than was meant, or be refused. */
function checkScopes({ autoApproveScopes }: SandboxChoices): void {
  reading('SANDBOX_AUTO_APPROVE_SCOPES', () => {
    const unknown = autoApproveScopes?.find((scope) => !isKnownScope(scope));
    if (unknown) throw new SandboxInputError(`has ${unknown}, a scope that no service here has.`);
  });
}

function readFaults({ faults }: SandboxChoices): SwitchedFault[] {
  return reading('SANDBOX_FAULTS', () => faults.map(readSwitchedFault));
}

/** Throws `ConfigError` with a problem of each setting. */
function checkChoices(choices: SandboxChoices, registrations: () => readonly Registration[]): void {
  const checks = [
    () => checkDoubles(registrations()),
    () => checkScopes(choices),
    () => void readFaults(choices),
  ];
  const problems = checks.flatMap(problemsOf);
  if (problems.length > 0) throw new ConfigError(problems);
}

function problemsOf(check: () => void): readonly ConfigProblem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

type Place = Pick<SandboxOptions, 'baseUrl' | 'registrations' | 'now' | 'stateFile' | 'more'>;

/** Creates the sandbox as the configuration wants it. Throws `ConfigError`. */
export function startSandbox(choices: SandboxChoices, place: Place): Promise<Sandbox> {
  const { autoApprove, autoApproveAs, autoApproveScopes, stepMode, seed } = choices;
  checkChoices(choices, () => place.registrations);
  return createSandbox({
    ...place,
    autoApprove,
    settings: { autoApproveAs, autoApproveScopes, stepMode },
    faults: readFaults(choices),
    seed,
  });
}

/** Finds what `startSandboxBeside` would refuse, and creates nothing. Throws `ConfigError`. */
export function checkSandboxBeside(config: Config): void {
  checkChoices(config.sandbox, () => registrationsBeside(config));
}

/**
 * Creates the sandbox that runs beside the application, which is registered with it. `own` are services
 * beside the four. Throws `ConfigError`.
 */
export function startSandboxBeside(
  config: Config,
  now: () => number,
  own: readonly StandardService[] = [],
): Promise<Sandbox> {
  // All problems at once, as the doctor tells them.
  checkSandboxBeside(config);
  const played = playedServices(config);
  return startSandbox(config.sandbox, {
    baseUrl: config.sandbox.url!,
    registrations: registrationsBeside(config),
    more: own.flatMap((service) => {
      const registered = played.find(({ provider }) => provider.id === service.id);
      if (!registered) return [];
      const { clientId, clientSecret } = registered;
      return [
        {
          service,
          registration: { clientId, clientSecret, redirectUris: toRedirectUris(config, service.id) },
        },
      ];
    }),
    now,
    stateFile: join(config.dataDir, 'sandbox.json'),
  });
}

type PlayedService = Extract<Config['services'][number], { readonly state: 'live' | 'sandbox' }>;

function playedServices({ services: all }: Config): PlayedService[] {
  return all.flatMap((service) => (service.state === 'sandbox' ? [service] : []));
}

/** This application's registrations, and those in the file. */
function registrationsBeside(config: Config): Registration[] {
  const own = playedServices(config).flatMap((service) => toRegistration(config, service));
  return [...own, ...readRegistrationsFile(config.sandbox)];
}

/** Registers this application at a service that the sandbox has built in, as a developer would there. */
function toRegistration(config: Config, { provider, clientId, clientSecret }: PlayedService): Registration[] {
  const service = services.find((builtIn) => builtIn === provider.id);
  if (!service) return [];
  return [
    {
      service,
      clientId,
      clientSecret: clientSecret ?? madeUpClients[service].clientSecret,
      name: 'Latchkey',
      redirectUris: toRedirectUris(config, service),
    },
  ];
}

function toRedirectUris(config: Config, id: string): string[] {
  const own = config.origin + createPaths(config.basePath).callback(id);
  return [own, ...config.sandbox.redirectUris.map((uri) => uri.replaceAll('{service}', id))];
}
