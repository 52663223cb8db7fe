import type { Service } from '../providers/index.ts';
import { describeVariable, type Shape, type VariableFacts } from '../variable-facts.ts';
import type { Environment } from './reader.ts';
import { variablesFor } from './variables.ts';

/** What can be said about each variable that holds a credential, and about SESSION_SECRET. */
export function describeCredentials(
  environment: Environment,
  readFile: (path: string) => string,
  offered: readonly Service[],
): Record<string, VariableFacts> {
  const declared = variablesFor(offered);
  const shapes: [name: string, shape: Shape | null][] = offered.flatMap((service) => {
    const { clientId, clientSecret } = service.choose({}).registration;
    const prefix = service.id.toUpperCase();
    return [
      [`${prefix}_CLIENT_ID`, clientId],
      [`${prefix}_CLIENT_SECRET`, clientSecret],
    ];
  });
  const all: typeof shapes = [...shapes, ['SESSION_SECRET', null]];
  return Object.fromEntries(
    all.map(([name, shape]) => {
      const file = declared.includes(`${name}_FILE`) ? environment[`${name}_FILE`]?.trim() : null;
      if (!file) return [name, describeVariable(environment[name], shape)];
      return [
        name,
        describeVariable(
          readOrNothing(() => readFile(file)),
          shape,
          'file',
        ),
      ];
    }),
  );
}

function readOrNothing(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    // Reported by who needs it.
    return undefined;
  }
}
