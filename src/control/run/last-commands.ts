import type { State } from '../syntax/stamp';

export interface LastCommand {
  /** The operator's, else our own for this run. */
  readonly id: string;
  /** `-` where the line was no command at all. */
  readonly verb: string;
  readonly state: Exclude<State, 'full'>;
  /** ISO 8601. */
  readonly at: string;
  readonly detail: string;
}

const KEPT = 20;

/** The answers that the status shows: for a file that cannot be written the only ones. */
export class LastCommands {
  private commands: readonly LastCommand[] = [];

  /** A run has one line, which its end replaces. */
  note(command: LastCommand): void {
    const isEnd = command.state === 'done' || command.state === 'failed';
    const begun = isEnd ? this.commands.findLastIndex(({ id, state }) => id === command.id && state === 'running') : -1;
    this.commands = begun >= 0 ? this.commands.with(begun, command) : [...this.commands, command].slice(-KEPT);
  }

  /** The oldest first. */
  get all(): readonly LastCommand[] {
    return this.commands;
  }
}
