import type { ProvidedValue } from './provided-value';
import { OPTION_ROWS } from '../option-table';

/** What the environment says. An empty variable counts as not set. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): readonly ProvidedValue[] {
  return OPTION_ROWS.flatMap((row) => {
    const variable = row.environment.find((name) => (env[name] ?? '') !== '');
    return variable === undefined
      ? []
      : [{ row, value: env[variable], layer: 'environment', source: `environment ${variable}` } as const];
  });
}
