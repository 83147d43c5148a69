import path from 'node:path';
import type { Fault } from '../../api/errors';
import { readNamedFile } from './config-file';
import type { ProvidedValue } from './provided-value';
import { fillInstanceName, type PlaceholderContext } from '../instance-name';
import { OPTION_TABLE } from '../option-table';
import { Settings } from './settings';

interface EnvironmentVariables {
  readonly env: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];
}

/**
 * Flags as variables that say the same, for a process that is yet to be started. Paths are made absolute, since it may
 * work elsewhere; placeholders stay, since they are its own.
 */
export function toEnvironment(
  given: readonly ProvidedValue[],
  { cwd, ...surroundings }: PlaceholderContext & { cwd: string },
): EnvironmentVariables {
  const settings = new Settings([given]);
  const env: Record<string, string> = {};
  for (const { row, value } of given) {
    settings.read(row);
    const text = String(value);
    const [variable] = row.environment;
    if (variable !== undefined) env[variable] = row.isPath ? path.resolve(cwd, text) : text;
  }
  const name = settings.read(OPTION_TABLE.instanceName);
  if (name) {
    const filled = fillInstanceName(name.value, surroundings);
    if (filled.type === 'fault') settings.fault(name.given, filled.expected);
  }
  const file = settings.read(OPTION_TABLE.config);
  return { env, faults: [...settings.found, ...(file ? readNamedFile(file.given, cwd).faults : [])] };
}
