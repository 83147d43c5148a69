import type { Fault } from '../../api/errors';
import type { ProvidedValue, LayerContent } from './provided-value';
import { OPTION_ROWS, OPTION_TABLE } from '../option-table';
import { showValue, looksSecret } from '../show-value';

/** The word that was probably meant; undefined if none is near enough. Case, `-` and `_` do not count. */
export function closestMatch(wrong: string, words: readonly string[]): string | undefined {
  const bare = bareOf(wrong);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(bare.length / 3)) + 1;
  for (const word of words) {
    const distance = distanceOf(bare, bareOf(word));
    if (distance < least) {
      least = distance;
      best = word;
    }
  }
  return best;
}

function bareOf(word: string): string {
  // A word that long is no slip of the pen; cutting it bounds the work.
  return word.slice(0, 64).replace(/[-_]/g, '').toLowerCase();
}

/** Levenshtein's: how many letters must be put in, taken out or changed. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let at = 1; at <= a.length; at++) {
    const next = [at];
    for (let other = 1; other <= b.length; other++) {
      const change = a[at - 1] === b[other - 1] ? 0 : 1;
      next.push(Math.min((row[other] ?? 0) + 1, (next[other - 1] ?? 0) + 1, (row[other - 1] ?? 0) + change));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

const KEYS = OPTION_ROWS.filter((row) => !row.isTextOnly).map((row) => row.name);

/** Reads the keys of an object: that of `start()`, or the file's. An undefined value counts as not set. */
export function readKeys(options: unknown, layer: 'start' | 'file', source: string): LayerContent {
  const entries = entriesOf(options);
  if (!entries)
    return { given: [], faults: [{ name: 'options', value: kindOf(options), source, expected: 'an object' }] };
  const given: ProvidedValue[] = [];
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
  const meant = closestMatch(name, KEYS);
  return {
    name,
    value: looksSecret(name) ? '***' : showValue(value),
    source,
    expected: meant ? `an option that exists; did you mean ${meant}?` : 'an option that exists',
  };
}
