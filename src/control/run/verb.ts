import type { ArgumentSchema, OptionSchema } from '../../api/agent';

/**
 * - `now`: somebody asked while we were there.
 * - `at-start`: it lay there when we started; only for a verb that start-up itself fulfils.
 * - `after-restart`: an earlier process of this name began it and did not end it.
 */
export type Trigger = 'now' | 'at-start' | 'after-restart';

export interface VerbCall {
  readonly verb: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** The one given by the operator, else our own for this run. */
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
  readonly timeoutMs: number;
  /** Running it twice is as good as once: it is redone after a crash in the middle. */
  readonly idempotent: boolean;
  /** What start-up does anyway fulfils it: found at start, it is called with `at-start`. */
  readonly fulfilledByStart: boolean;
  /** For the `running` stamp: where things stand before, such as `service=3 instance=7`. */
  before?(): string;
  /** What it returns, or throws, goes into the stamp. */
  run(call: VerbCall): Promise<string | void> | string | void;
}
