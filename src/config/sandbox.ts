import { readFileSync } from 'node:fs';
import { isLoopback, plainHttp } from '../address-rules.ts';
import type { Config } from '../config.ts';
import type { ConfigProblem } from '../errors.ts';
import { createReader, type Environment, finish, listOf, type Reader } from './reader.ts';

/** How a sandbox behaves; the same for one that runs beside the application and for one alone. */
export interface SandboxChoices {
  readonly autoApprove: boolean;
  /** The id of a made-up person, or a name as if typed; null for the first. */
  readonly autoApproveAs: string | null;
  /** Null for all that are asked for. */
  readonly autoApproveScopes: readonly string[] | null;
  readonly stepMode: boolean;
  /** Each as `place:fault` or `place:fault:next`. */
  readonly faults: readonly string[];
  readonly seed: string | null;
  readonly registrationsFile: string | null;
  /** `{service}` in them stands for the id of the service. */
  readonly redirectUris: readonly string[];
}

export interface SandboxConfig extends SandboxChoices {
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end. */
  readonly url: string;
}

export function readSandbox(reader: Reader, production: boolean, baseUrl: URL): Config['sandbox'] {
  const choice = reader.choice('SANDBOX', ['auto', 'on', 'off']);
  const loopback = isLoopback(baseUrl);
  if (choice === 'on' && production && !loopback) {
    reader.report({
      variable: 'SANDBOX',
      problem: 'cannot be on in production: anybody could sign in as anybody.',
      example: 'off',
    });
  }
  const on = choice === 'on' || (choice === 'auto' && !production && loopback);
  const port = reader.whole('SANDBOX_PORT', 4000, [1, 65535]);
  // On the application's own host name, so that a phone in the same network reaches both.
  const elsewhere = reader.text('SANDBOX_URL', '');
  const url = reader.url('SANDBOX_URL', `http://${baseUrl.hostname}:${port}`, plainHttp);
  return {
    runs: on && elsewhere === '',
    port,
    url: on ? url.href.replace(/\/+$/, '') : null,
    ...readSandboxChoices(reader),
  };
}

/**
 * Reads only what a sandbox that runs alone needs. Throws `ConfigError` with every problem found.
 */
export function readSandboxConfig(environment: Environment): SandboxConfig {
  const problems: ConfigProblem[] = [];
  const reader = createReader(environment, (path) => readFileSync(path, 'utf8'), problems);
  const port = reader.whole('SANDBOX_PORT', 4000, [1, 65535]);
  const url = reader.url('SANDBOX_URL', `http://localhost:${port}`, plainHttp);
  const config = {
    host: reader.text('HOST', '127.0.0.1'),
    port,
    url: url.href.replace(/\/+$/, ''),
    ...readSandboxChoices(reader),
  };
  return finish(config, problems);
}

function readSandboxChoices(reader: Reader): SandboxChoices {
  const approve = reader.text('SANDBOX_AUTO_APPROVE', 'false');
  if (/^(?:yes|no|on|off|0|1|true|false)$/i.test(approve) && approve !== 'true' && approve !== 'false') {
    reader.report({
      variable: 'SANDBOX_AUTO_APPROVE',
      problem: 'must be true, false, or whom to approve as.',
      example: 'true',
    });
  }
  const scopes = listOf(reader, 'SANDBOX_AUTO_APPROVE_SCOPES');
  const redirectUris = listOf(reader, 'SANDBOX_REDIRECT_URIS');
  if (!redirectUris.every((uri) => URL.canParse(uri))) {
    reader.report({
      variable: 'SANDBOX_REDIRECT_URIS',
      problem: 'must list addresses.',
      example: 'http://localhost:8080/auth/{service}/callback',
    });
  }
  return {
    autoApprove: approve !== 'false',
    autoApproveAs: approve === 'true' || approve === 'false' ? null : approve,
    autoApproveScopes: scopes.length > 0 ? scopes : null,
    stepMode: reader.choice('SANDBOX_STEPS', ['false', 'true']) === 'true',
    faults: listOf(reader, 'SANDBOX_FAULTS'),
    seed: reader.text('SANDBOX_SEED', '') || null,
    registrationsFile: reader.text('SANDBOX_REGISTRATIONS', '') || null,
    redirectUris,
  };
}
