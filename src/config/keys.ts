import type { Fault } from '../base/errors';
import type { Given, LayerContent } from './given';
import { nearest } from './nearest';
import { OPTION_ROWS, OPTION_TABLE } from './option-table';
import { showValue, soundsSecret } from './show-value';

const KEYS = OPTION_ROWS.filter((row) => !row.isTextOnly).map((row) => row.name);

/** Reads the keys of an object: that of `start()`, or the file's. An undefined value counts as not set. */
export function readKeys(options: unknown, layer: 'start' | 'file', source: string): LayerContent {
  const entries = entriesOf(options);
  if (!entries)
    return { given: [], faults: [{ name: 'options', value: kindOf(options), source, expected: 'an object' }] };
  const given: Given[] = [];
  const faults: Fault[] = [];
  for (const [name, value] of flatten(entries)) {
    const row = OPTION_ROWS.find((candidate) => candidate.name === name && !candidate.isTextOnly);
    if (row) given.push({ row, value, layer, source });
    else faults.push(unknownKey(name, value, source));
  }
  return { given, faults };
}

type Entries = readonly (readonly [name: string, value: unknown])[];

function entriesOf(value: unknown): Entries | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  try {
    return Object.entries(value).filter((entry) => entry[1] !== undefined);
  } catch {
    // A getter of the application's that throws: its error is not ours to pass on.
    return undefined;
  }
}

/** `tls: {caFile}` turns TLS on, and says `tls.caFile`, which as a key of its own is unknown. */
function flatten(entries: Entries): Entries {
  return entries.flatMap(([name, value]): Entries => {
    if (name.includes('.')) return [[`'${name}'`, value]];
    const parts = name === OPTION_TABLE.tls.name ? entriesOf(value) : undefined;
    if (!parts) return [[name, value]];
    return [[name, true], ...parts.map(([part, path]) => [`${name}.${part}`, path] as const)];
  });
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'an array' : showValue(value);
}

function unknownKey(name: string, value: unknown, source: string): Fault {
  const meant = nearest(name, KEYS);
  return {
    name,
    value: soundsSecret(name) ? '***' : showValue(value),
    source,
    expected: meant ? `an option that exists; did you mean ${meant}?` : 'an option that exists',
  };
}
