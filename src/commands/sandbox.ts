import { readSandboxConfig, type SandboxChoices } from '../config.ts';
import { readEnvironment } from '../environment.ts';
import { ConfigError } from '../errors.ts';
import { closeServer, listen, stopMilliseconds } from '../listener.ts';
import { describeSandbox } from '../sandbox/description.ts';
import { madeUpRegistrations } from '../sandbox/registration-file.ts';
import { readRegistrationsFile, startSandbox } from '../start-sandbox.ts';
import type { Command } from './command.ts';
import { runCommand } from './run.ts';

/** Where Latchkey itself wants to be called back when it runs on this machine. */
const ownRedirectUri = 'http://localhost:3000/login/{service}/callback';

/** The file says itself where its applications are called back. Throws `ConfigError`. */
function checkPlaces({ registrationsFile, redirectUris }: SandboxChoices): void {
  if (registrationsFile === null || redirectUris.length === 0) return;
  const problem =
    'is for the made-up client, in whose place SANDBOX_REGISTRATIONS is. Leave one of the two out.';
  throw new ConfigError([{ variable: 'SANDBOX_REDIRECT_URIS', problem, example: '' }]);
}

export const sandbox: Command = {
  name: 'sandbox',
  summary: 'runs the pretended services alone, for an application in any language',
  operands: [],
  options: {},
  details: ['Prints the addresses and the credentials. Runs until a signal (Ctrl+C) ends it.'],
  variables: {
    SANDBOX_PORT: 'where to listen; 4000 by default',
    HOST: 'where to listen; 127.0.0.1 by default',
    SANDBOX_URL: 'its public address, where that is another one',
    SANDBOX_REDIRECT_URIS: 'where your application wants to be called back',
    SANDBOX_REGISTRATIONS: 'a file with applications, in place of the one made up',
    SANDBOX_AUTO_APPROVE: 'true, or as whom: shows no page',
    SANDBOX_AUTO_APPROVE_SCOPES: 'what is granted then; all that is asked for by default',
    SANDBOX_STEPS: 'true: stops before each redirect and says what it carries',
    SANDBOX_FAULTS: 'what goes wrong from the start',
    SANDBOX_SEED: 'makes the same ids, codes and keys each time',
  },
  failure: 'a setting cannot be used, or the port is taken',
  async run() {
    const config = readSandboxConfig(readEnvironment());
    const { host, port, url } = config;
    checkPlaces(config);
    const fromFile = readRegistrationsFile(config);
    const redirectUris = config.redirectUris.length > 0 ? config.redirectUris : [ownRedirectUri];
    const registrations = fromFile.length > 0 ? fromFile : madeUpRegistrations(redirectUris);
    const played = await startSandbox(config, { baseUrl: url, registrations, now: Date.now });
    const server = await listen(played.app, host, port, 'SANDBOX_PORT');
    let stopping = false;

    async function stop(): Promise<void> {
      if (stopping) process.exit(1);
      stopping = true;
      const deadline = setTimeout(() => process.exit(1), stopMilliseconds);
      await Promise.all([closeServer(server), played.close()]);
      clearTimeout(deadline);
    }

    process.on('SIGINT', () => void stop());
    process.on('SIGTERM', () => void stop());
    return describeSandbox({ url, host, registrations });
  },
};

if (import.meta.main) await runCommand(sandbox, process.argv.slice(2));
