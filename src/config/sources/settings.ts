import type { Fault } from '../../api/errors';
import { faultOf, type ProvidedValue, type ConfigLayer } from './provided-value';
import type { OptionRow } from '../option-table';

/** What one option was set to. */
export interface Setting<T> {
  readonly value: T;
  readonly given: ProvidedValue;
}

const STRENGTH: Readonly<Record<ConfigLayer, number>> = { flag: 4, environment: 3, start: 2, file: 1 };

/** Whether what `one` says goes before what `other` says. */
export function isStronger(one: ConfigLayer, other: ConfigLayer): boolean {
  return STRENGTH[one] > STRENGTH[other];
}

const TEXT_LAYERS: readonly ConfigLayer[] = ['flag', 'environment'];

function isText({ layer, isText }: ProvidedValue): boolean {
  return isText === true || TEXT_LAYERS.includes(layer);
}

/**
 * All layers, laid over each other. Only the value that counts is checked: a flag has to be able to mend what is wrong
 * in a file that cannot be changed.
 */
export class Settings {
  private readonly faults = new Map<string, Fault>();
  private readonly ignored = new Map<string, string>();

  /** @param layers what goes before comes first */
  constructor(private readonly layers: readonly (readonly ProvidedValue[])[]) {}

  /** @returns undefined: not set, or a fault which is noted */
  read<T>(row: OptionRow<T>): Setting<T> | undefined {
    for (const layer of this.layers) {
      const given = layer.find((candidate) => candidate.row.name === row.name);
      if (!given) continue;
      const value = isText(given) ? row.kind.parse(String(given.value)) : row.kind.accept(given.value);
      if (value !== undefined) {
        this.noteLeftOut(row, given);
        return { value, given };
      }
      if (!row.isSoft || given.layer !== 'environment') {
        this.fault(given);
        return undefined;
      }
      this.ignore(given, given.value);
    }
    return undefined;
  }

  /** Notes a fault that shows only when the value is used. For one option only the first fault counts. */
  fault(given: ProvidedValue, expected?: string): void {
    if (!this.faults.has(given.row.name)) this.faults.set(given.row.name, faultOf(given, expected));
  }

  get found(): readonly Fault[] {
    return [...this.faults.values()];
  }

  /** What the environment says and nothing understands, one line each. */
  get warnings(): readonly string[] {
    return [...this.ignored.values()];
  }

  private noteLeftOut({ kind }: OptionRow<unknown>, given: ProvidedValue): void {
    if (given.layer !== 'environment' && !given.isText) return;
    const items = kind.leftOut?.(String(given.value)) ?? [];
    if (items.length > 0) this.ignore(given, items.join());
  }

  /** @param what the value, or the part of it that is ignored */
  private ignore(given: ProvidedValue, what: unknown): void {
    const { name, value, source, expected } = faultOf({ ...given, value: what });
    this.ignored.set(name, `${name} = ${value} (${source}) is ignored: expected ${expected}`);
  }
}
