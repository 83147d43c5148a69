import type { ProvidedValue } from './provided-value';
import { VARIABLE_ALIASES } from '../names/aliases';
import { OPTION_ROWS, type OptionRow } from '../option-table';

type Env = Readonly<Record<string, string | undefined>>;

/** What the environment says. An empty variable counts as not set. */
export function readEnvironment(env: Env): readonly ProvidedValue[] {
  return OPTION_ROWS.flatMap((row) => {
    const variable = row.environment.find((name) => (env[name] ?? '') !== '');
    const given = variable === undefined ? aliasOf(row, env) : { variable, value: env[variable] };
    if (!given) return [];
    return [{ row, value: given.value, layer: 'environment', source: `environment ${given.variable}` } as const];
  });
}

/** What a variable of another agent says for an option. */
function aliasOf(row: OptionRow<unknown>, env: Env): { readonly variable: string; readonly value: string } | undefined {
  for (const { variable, option, translate, mayBeEmpty } of VARIABLE_ALIASES) {
    const text = env[variable];
    if (option !== row.name || text === undefined || (text === '' && !mayBeEmpty)) continue;
    const value = translate ? translate(text) : text;
    if (value !== undefined) return { variable, value };
  }
  return undefined;
}
