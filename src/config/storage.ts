import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import type { ConfigProblem } from '../errors.ts';
import { createReader, type Environment, finish, type Reader } from './reader.ts';

export type StorageConfig = Pick<Config, 'dataDir' | 'storage'>;

/**
 * Reads only what says where the data lies, for the commands: they need neither addresses nor secrets.
 * Throws `ConfigError` with every problem found.
 */
export function readStorageConfig(
  environment: Environment,
  readFile = (path: string) => readFileSync(path, 'utf8'),
): StorageConfig {
  const problems: ConfigProblem[] = [];
  const config = readStorage(createReader(environment, readFile, problems));
  return finish(config, problems);
}

export function readStorage(reader: Reader): StorageConfig {
  const prefix = reader.text('SESSION_STORE_PREFIX', 'latchkey:');
  if (!/^[\x21-\x7E]{1,64}$/.test(prefix)) {
    reader.report({
      variable: 'SESSION_STORE_PREFIX',
      problem: 'must have 1 to 64 letters, digits or signs, and no space.',
      example: 'latchkey:',
    });
  }
  return {
    dataDir: reader.text('DATA_DIR', './data'),
    storage: {
      databaseUrl: readStoreUrl(
        reader,
        'DATABASE_URL',
        ['postgres', 'postgresql'],
        'db.example.org/latchkey',
      ),
      databasePoolSize: reader.whole('DATABASE_POOL_SIZE', 10, [1, 100]),
      sessionStoreUrl: readStoreUrl(
        reader,
        'SESSION_STORE_URL',
        ['redis', 'rediss'],
        'redis.example.org:6379',
      ),
      sessionStorePrefix: prefix,
    },
  };
}

/** The URL of a server of ours, mostly with a password in it; null when there is none. */
function readStoreUrl(
  reader: Reader,
  variable: string,
  schemes: readonly string[],
  place: string,
): string | null {
  const value = reader.secret(variable);
  if (value === null) return null;
  const scheme = URL.canParse(value) ? new URL(value).protocol.slice(0, -1) : '';
  if (schemes.includes(scheme)) return value;
  const beginnings = schemes.map((name) => `${name}://`).join(' or ');
  const problem = `must be an address that begins with ${beginnings}.`;
  reader.report({ variable, problem, example: `${schemes[0]}://name:password@${place}` });
  return null;
}
