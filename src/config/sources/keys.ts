import { types } from 'node:util';
import type { Fault } from '../../api/errors';
import { type ProvidedValue, type LayerContent, isArray, showValue, shownForUnknown } from './settings';
import { KEY_ALIASES, unread } from '../names/aliases';
import { firstKeys } from '../../base/first-keys';
import { closestMatch } from '../../base/text';
import { OPTION_ROWS, OPTION_TABLE } from '../option-table';

const KEYS = OPTION_ROWS.filter((row) => !row.isTextOnly).map((row) => row.name);

/** An object that is none of ours may have millions; a configuration file, which is 1 MiB at most, has fewer than this. */
const MAX_KEYS = 200_000;
/** Unknown keys that are named: a file that is none of ours may have any number of them. */
const MAX_UNKNOWN = 20;

/** Reads the keys of an object: that of `start()`, or the file's. An undefined value counts as not set. */
export function readKeys(options: unknown, layer: 'start' | 'file', source: string): LayerContent {
  const entries = entriesOf(options);
  if (!entries)
    return { given: [], faults: [{ name: 'options', value: kindOf(options), source, expected: 'an object' }] };
  const given: ProvidedValue[] = [];
  const aliased: ProvidedValue[] = [];
  const faults: Fault[] = [];
  const notes: string[] = [];
  let others = 0;
  for (const [name, value] of flatten(entries)) {
    const row = OPTION_ROWS.find((candidate) => candidate.name === name && !candidate.isTextOnly);
    const alias = row ?? OPTION_ROWS.find((candidate) => candidate.name === KEY_ALIASES.get(name));
    if (row) given.push({ row, value, layer, source });
    else if (alias) aliased.push({ row: alias, value, layer, source: `${source}, as ${name}`, isText: true });
    else {
      const note = unread().unreadKey(name);
      if (note !== undefined) notes.push(`${note} (${source})`);
      else if (faults.length < MAX_UNKNOWN) faults.push(unknownKey(name, value, source));
      else others++;
    }
  }
  if (others > 0) faults.push({ name: 'options', value: `${others} more`, source, expected: 'options that exist' });
  // An option by its own name goes first; what another agent counts as not set is none.
  return { given: [...given, ...aliased.filter(({ value }) => value !== '' && value !== null)], faults, notes };
}

type Entries = readonly (readonly [name: string, value: unknown])[];

function entriesOf(value: unknown): Entries | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    if (Array.isArray(value) || types.isTypedArray(value) || types.isBoxedPrimitive(value)) return undefined;
    const owner = value as Readonly<Record<string, unknown>>;
    const entries = firstKeys(owner, MAX_KEYS).map((key) => [key, owner[key]] as const);
    return entries.filter(([, given]) => given !== undefined);
  } catch {
    // A getter or a proxy of the application's that throws: its error is not ours to pass on.
    return undefined;
  }
}

/**
 * `tls: {caFile}` turns TLS on, and says `tls.caFile`, which as a key of its own is unknown. `spool: {directory}` is the
 * same as `spool: directory`, and `applicationLogs: {level}` as `applicationLogs: level`, where `{}` turns them on.
 */
function flatten(entries: Entries): Entries {
  return entries.flatMap(([name, value]): Entries => {
    if (name.includes('.')) return [[`'${name}'`, value]];
    if (name === OPTION_TABLE.spoolDirectory.name) {
      return (
        entriesOf(value)?.map(([part, given]) => [part === 'directory' ? name : `${name}.${part}`, given]) ?? [
          [name, value],
        ]
      );
    }
    if (name === OPTION_TABLE.applicationLogs.name) {
      const parts = entriesOf(value);
      if (!parts) return [[name, value]];
      const { level = true, ...rest } = Object.fromEntries(parts);
      return [[name, level], ...Object.entries(rest).map(([part, given]) => [`${name}.${part}`, given] as const)];
    }
    const parts = name === OPTION_TABLE.tls.name ? entriesOf(value) : undefined;
    if (!parts) return [[name, value]];
    return [[name, true], ...parts.map(([part, path]) => [`${name}.${part}`, path] as const)];
  });
}

function kindOf(value: unknown): string {
  return isArray(value) ? 'an array' : showValue(value);
}

function unknownKey(name: string, value: unknown, source: string): Fault {
  const meant = closestMatch(name, KEYS);
  return {
    name,
    value: shownForUnknown(name, value),
    source,
    expected: meant ? `an option that exists; did you mean ${meant}?` : 'an option that exists',
  };
}
