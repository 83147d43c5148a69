import type { Fault } from '../../api/errors';
import type { OptionRow } from '../option-table';
import { showValue } from '../show-value';

export type ConfigLayer = 'flag' | 'environment' | 'start' | 'file';

/** A value for an option, as it was given. */
export interface ProvidedValue {
  readonly row: OptionRow<unknown>;
  readonly value: unknown;
  readonly layer: ConfigLayer;
  /** As a fault names it: `flag --skyanchor-protocol`, `environment SW_AGENT_PROTOCOL`, `start()`, `file skyanchor.config.json`. */
  readonly source: string;
  /** Read as in the environment: another agent's name for it, whose values are not checked there either. */
  readonly isText?: true;
}

/** What a layer says, and what is wrong with how it says it. */
export interface LayerContent {
  readonly given: readonly ProvidedValue[];
  readonly faults: readonly Fault[];
  /** What it says that only other agents read, a sentence each. */
  readonly notes?: readonly string[];
}

export function faultOf({ row, value, source }: ProvidedValue, expected = expectedFor(row, value)): Fault {
  return { name: row.name, value: row.isSecret ? '***' : showValue(value), source, expected };
}

function expectedFor({ kind }: OptionRow<unknown>, value: unknown): string {
  const instead = kind.instead?.(String(value));
  return instead === undefined ? kind.expected : `${kind.expected}; ${instead}`;
}
