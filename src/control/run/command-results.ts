import type { CommandOutcome } from '../../api/status';
import type { Clock } from '../../base/clock';
import { toIso } from '../../base/time';
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

interface StampMakerOptions {
  readonly instance: string;
  readonly clock: Clock;
  /** Milliseconds since 1970, by the clock that all processes sharing the file have in common. */
  fileNow(): number;
}

/** Makes this instance's stamps, and the ids of its runs. */
export class StampMaker {
  private runs = 0;

  constructor(private readonly options: StampMakerOptions) {}

  make(state: Stamp['state'], id: string, digest: string | undefined, detail: string): Stamp {
    return { time: toIso(this.options.fileNow()), instance: this.options.instance, state, id, digest, detail };
  }

  /** Six hexadecimal digits. Two in a row always differ, whatever the random numbers are. */
  nextId(): string {
    const random = Math.floor(this.options.clock.random() * 2 ** 24);
    return ((random + this.runs++) % 2 ** 24).toString(16).padStart(6, '0');
  }
}
