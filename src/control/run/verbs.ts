import type { ArgumentSchema, OptionSchema } from '../../api/agent';

/**
 * - `now`: an operator asked while this process was running.
 * - `at-start`: it was in the file when this process started; only for a verb that start-up itself fulfils.
 * - `after-restart`: an earlier process of this name began it and did not end it.
 */
export type Trigger = 'now' | 'at-start' | 'after-restart';

export interface VerbCall {
  readonly verb: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** The one given by the operator, else the agent's own for this run. */
  readonly id: string;
  readonly when: Trigger;
  /** Aborted when its time is up or the agent stops. */
  readonly signal: AbortSignal;
}

/** What a command can ask for. */
export interface Verb {
  readonly name: string;
  /** In their order. Without `args` and `options` everything is passed on; with one of them the other counts as empty. */
  readonly args?: readonly ArgumentSchema[];
  readonly options?: Readonly<Record<string, OptionSchema>>;
  /** What is wrong with arguments that `args` lets through, and what was expected. @returns undefined: nothing */
  refuse?(args: readonly string[]): string | undefined;
  readonly timeoutMs: number;
  /** Running it twice has the same effect as running it once: it is redone after a crash in the middle. */
  readonly idempotent: boolean;
  /** Start-up fulfils it anyway: found at start, it is called with `at-start`. */
  readonly isFulfilledAtStart: boolean;
  /** For the `running` stamp: the state before, such as `service=3 instance=7`. */
  before?(): string;
  /** What it returns, or throws, goes into the stamp. */
  run(call: VerbCall): Promise<string | void> | string | void;
}

/** The registered verbs. The command file can run no other. */
export class Verbs {
  private readonly verbs = new Map<string, Verb>();
  private readonly listeners = new Set<() => void>();

  /** @returns removes the verb again; undefined if there is one of this name already */
  add(verb: Verb): (() => void) | undefined {
    if (this.verbs.has(verb.name)) return undefined;
    this.verbs.set(verb.name, verb);
    for (const listener of this.listeners) listener();
    return () => {
      if (this.verbs.get(verb.name) === verb) this.verbs.delete(verb.name);
    };
  }

  get(name: string): Verb | undefined {
    return this.verbs.get(name);
  }

  /** Sorted. */
  names(): string[] {
    return [...this.verbs.keys()].sort();
  }

  /** Calls the listener after each verb that is added. @returns removes the listener */
  onAdded(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
