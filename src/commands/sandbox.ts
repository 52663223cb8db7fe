import { readSandboxConfig } from '../config.ts';
import { readEnvironment } from '../environment.ts';
import { ConfigError } from '../errors.ts';
import { closeServer, listen, StartError, stopMilliseconds } from '../listener.ts';
import { describeSandbox } from '../sandbox/description.ts';
import { madeUpRegistrations } from '../sandbox/registration-file.ts';
import { readRegistrationsFile, startSandbox } from '../start-sandbox.ts';

/** Where Latchkey itself wants to be called back when it runs on this machine. */
const ownRedirectUri = 'http://localhost:3000/login/{service}/callback';

/** `npm run sandbox`: the pretended providers alone, for an application in any language. */
async function main(): Promise<void> {
  const config = readSandboxConfig(readEnvironment());
  const { host, port, url } = config;
  const fromFile = readRegistrationsFile(config);
  const redirectUris = config.redirectUris.length > 0 ? config.redirectUris : [ownRedirectUri];
  const registrations = fromFile.length > 0 ? fromFile : madeUpRegistrations(redirectUris);
  const sandbox = await startSandbox(config, { baseUrl: url, registrations, now: Date.now });
  const server = await listen(sandbox.app, host, port, 'SANDBOX_PORT', 'npm run sandbox');
  let stopping = false;

  async function stop(): Promise<void> {
    if (stopping) process.exit(1);
    stopping = true;
    const deadline = setTimeout(() => process.exit(1), stopMilliseconds);
    await Promise.all([closeServer(server), sandbox.close()]);
    clearTimeout(deadline);
  }

  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  process.stdout.write(`${describeSandbox({ url, host, registrations })}\n`);
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof StartError;
  process.stderr.write(`${expected ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
});
