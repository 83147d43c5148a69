import type { CommandOutcome } from '../../api/status';
import type { AppendResult } from '../file/command-file';
import { detailOf, type Stamp } from '../syntax/stamp';

/** A result of a command. Events come in the order in which the results came to stand in the command file. */
export interface CommandEvent {
  /**
   * - `written`: the result stands in the command file.
   * - `unwritten`: the command file does not take it (read-only, refused, gone, disk full); the status alone shows it.
   */
  readonly type: 'written' | 'unwritten';
  readonly outcome: CommandOutcome;
}

/** Where an append has left the result. */
export function eventTypeOf(result: AppendResult): CommandEvent['type'] {
  return result === 'written' ? 'written' : 'unwritten';
}

/** The outcome that a stamp stands for. */
export function outcomeOf(verb: string, { id, state, time }: Stamp, detail: string): CommandOutcome {
  return { id, verb, state, at: time, detail: detailOf(detail) };
}

const MAX_OUTCOMES = 20;

/** The outcomes that the status shows: for a file that cannot be written, the only answers. */
export class LastCommands {
  private outcomes: readonly CommandOutcome[] = [];

  /** A run has one entry: its end replaces its beginning. */
  note(outcome: CommandOutcome): void {
    const isEnd = outcome.state === 'done' || outcome.state === 'failed';
    const begun = isEnd ? this.outcomes.findLastIndex(({ id, state }) => id === outcome.id && state === 'running') : -1;
    this.outcomes = begun >= 0 ? this.outcomes.with(begun, outcome) : [...this.outcomes, outcome].slice(-MAX_OUTCOMES);
  }

  /** The oldest first. */
  get all(): readonly CommandOutcome[] {
    return this.outcomes;
  }
}
