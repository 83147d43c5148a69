import type { Fault } from '../../api/errors';
import { type ProvidedValue, type LayerContent, showValue, shownForUnknown } from './settings';
import { closestMatch } from '../../base/text';
import { OPTION_ROWS, type OptionRow } from '../option-table';

export const FLAG_PREFIX = '--skyanchor-';

interface TakenFlags extends LayerContent {
  /** Our arguments, as they stood there. */
  readonly taken: readonly string[];
  /** Everybody else's, in their order. */
  readonly rest: readonly string[];
}

type FlagRow = OptionRow<unknown> & { readonly flag: string };

const FLAG_ROWS = OPTION_ROWS.filter((row): row is FlagRow => row.flag !== undefined);

/**
 * Takes our flags out of an argument list: `--skyanchor-name=value`, `--skyanchor-name value`, a switch alone. What
 * begins with `-` is a value only behind `=`. Nothing after a bare `--` is ours. Given twice, the last one counts, so
 * that a script can add its own to those it was called with.
 */
export function takeFlags(args: readonly string[], prefix = FLAG_PREFIX): TakenFlags {
  const given: ProvidedValue[] = [];
  const faults: Fault[] = [];
  const taken: string[] = [];
  const rest: string[] = [];
  let at = 0;
  for (; at < args.length && args[at] !== '--'; at++) {
    const arg = args[at] ?? '';
    if (!arg.startsWith(prefix) || arg === prefix) {
      rest.push(arg);
      continue;
    }
    taken.push(arg);
    const [flag, attached] = splitOnce(arg);
    const row = FLAG_ROWS.find((candidate) => prefix + candidate.flag === flag);
    // A slip of the pen takes its value with it, so that the application does not find it among its own arguments.
    const meant = row ?? meantBy(flag, prefix);
    let text = attached;
    if (meant && !meant.isSwitch && text === undefined && isValue(args[at + 1])) {
      text = args[++at] ?? '';
      taken.push(text);
    }
    const source = `flag ${flag}`;
    if (!row) faults.push(unknownFlag(flag, text, prefix));
    else if (row.isSwitch && text !== undefined)
      faults.push({ name: row.name, value: showValue(text), source, expected: 'no value' });
    else if (!row.isSwitch && text === undefined)
      faults.push({ name: row.name, value: '', source, expected: `a value: ${row.kind.expected}` });
    else given.push({ row, value: text ?? 'true', layer: 'flag', source });
  }
  return { given: lastOfEach(given), faults, taken, rest: [...rest, ...args.slice(at)] };
}

function splitOnce(arg: string): [flag: string, value: string | undefined] {
  const at = arg.indexOf('=');
  return at === -1 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

function isValue(arg: string | undefined): boolean {
  return arg !== undefined && !arg.startsWith('-');
}

function meantBy(flag: string, prefix: string): FlagRow | undefined {
  const word = closestMatch(
    flag.slice(prefix.length),
    FLAG_ROWS.map((row) => row.flag),
  );
  return FLAG_ROWS.find((row) => row.flag === word);
}

function unknownFlag(flag: string, text: string | undefined, prefix: string): Fault {
  const value = text === undefined ? '' : shownForUnknown(flag.slice(prefix.length), text);
  return { name: flag, value, source: `flag ${flag}`, expected: insteadOf(flag, prefix) };
}

function insteadOf(flag: string, prefix: string): string {
  const bare = flag.slice(prefix.length).replaceAll('-', '').toLowerCase();
  const flagless = OPTION_ROWS.find((row) => row.flag === undefined && row.name.toLowerCase() === bare);
  if (flagless) return `no such flag; ${flagless.name} is set by ${['start()', ...flagless.environment].join(', ')}`;
  const meant = meantBy(flag, prefix);
  return meant ? `a flag that exists; did you mean ${prefix}${meant.flag}?` : 'a flag that exists';
}

function lastOfEach(given: readonly ProvidedValue[]): ProvidedValue[] {
  return [...new Map(given.map((one) => [one.row, one])).values()];
}
