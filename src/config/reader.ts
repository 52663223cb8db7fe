import { ConfigError, type ConfigProblem } from '../errors.ts';
import { variables } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables one by one and collects what is wrong with them. */
export interface Reader {
  text(name: string, fallback: string): string;
  choice(name: string, allowed: readonly string[]): string;
  whole(name: string, fallback: number, range: readonly [number, number]): number;
  /** A secret from the variable itself or from the file that `<name>_FILE` names. */
  secret(name: string): string | null;
  url(name: string, fallback: string, rule: (url: URL) => string | null, example?: string): URL;
  report(problem: ConfigProblem): void;
}

export function createReader(
  environment: Environment,
  readFile: (path: string) => string,
  problems: ConfigProblem[],
  declared = variables,
): Reader {
  const get = (name: string) => {
    if (!declared.includes(name)) throw new TypeError(`${name} is not declared`);
    return environment[name]?.trim() ?? '';
  };
  const report = (problem: ConfigProblem) => void problems.push(problem);

  return {
    report,
    text: (name, fallback) => get(name) || fallback,
    choice(name, allowed) {
      const standard = allowed[0]!;
      const value = get(name) || standard;
      if (allowed.includes(value)) return value;
      report({ variable: name, problem: `must be one of ${allowed.join(', ')}.`, example: standard });
      return standard;
    },
    whole(name, fallback, [least, most]) {
      const value = get(name) === '' ? fallback : Number(get(name));
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      report({
        variable: name,
        problem: `must be a whole number from ${least} to ${most}.`,
        example: String(fallback),
      });
      return fallback;
    },
    secret(name) {
      const file = get(`${name}_FILE`);
      if (file === '') return get(name) || null;
      try {
        return readFile(file).trim() || null;
      } catch {
        report({
          variable: `${name}_FILE`,
          problem: 'names a file that cannot be read.',
          example: `/run/secrets/${name.toLowerCase()}`,
        });
        return null;
      }
    },
    url(name, fallback, rule, example = fallback) {
      const value = get(name) || fallback;
      const url = URL.canParse(value) ? new URL(value) : null;
      const problem = url ? rule(url) : 'is not an address.';
      if (!problem && url) return url;
      report({ variable: name, problem: problem ?? '', example });
      return new URL(fallback);
    },
  };
}

export function listOf(reader: Reader, name: string): string[] {
  return reader
    .text(name, '')
    .split(/[\s,]+/)
    .filter(Boolean);
}

/** Nothing of a configuration with a problem is used, and nothing of the others is ever changed. */
export function finish<Value>(config: Value, problems: readonly ConfigProblem[]): Value {
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
