/**
 * How one argument or option of a verb may look. Everything in the file is text and is handed on as text; a schema says
 * which texts are right.
 */
export type ValueSchema = {
  /** any `string` (the default), `integer`, `number`, `boolean` (`true` or `false`), or one of `values`. */
  readonly type?: 'string' | 'integer' | 'number' | 'boolean';
  /** Exactly these. */
  readonly values?: readonly string[];
};

export interface ArgumentSchema extends ValueSchema {
  readonly name: string;
  /** It may be left out; then so are those behind it. */
  readonly optional?: boolean;
}

export interface OptionSchema extends ValueSchema {
  readonly required?: boolean;
}

/**
 * - `now`: somebody asked while we were there.
 * - `at-start`: it lay there when we started; only for a verb that start-up itself fulfils.
 * - `after-restart`: an earlier process of this name began it and did not end it.
 */
export type When = 'now' | 'at-start' | 'after-restart';

export interface VerbCall {
  readonly verb: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** The one given by the operator, else our own for this run. */
  readonly id: string;
  readonly when: When;
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
