import type { Status } from './status';

/** What the function given to {@link Agent.trace} can do with its span. */
export interface TraceSpan {
  /** @param value anything; becomes a string. After the span has ended: ignored. */
  tag(key: string, value: unknown): void;
}

/** What an operator asked for with a verb of the application's own. */
export interface CommandCall {
  readonly verb: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** The operator's `id=`, else the agent's own for this run. */
  readonly id: string;
  /** Aborted when the time is up or the agent stops. */
  readonly signal: AbortSignal;
}

/** What it returns or throws goes into the stamp. */
export type CommandHandler = (call: CommandCall) => Promise<string | void> | string | void;

export interface CommandOptions {
  /** In their order. Without `args` and `options` everything is passed on; with one of them the other counts as empty. */
  readonly args?: readonly ArgumentSchema[];
  readonly options?: Readonly<Record<string, OptionSchema>>;
  /** Milliseconds until it counts as failed. Default: 30,000. */
  readonly timeoutMs?: number;
  /** Running it twice is as good as once: redone when a crash interrupted it. Default: false. */
  readonly idempotent?: boolean;
}

/** The agent that runs in this process. Nothing it does throws into the application; what rejects says so. */
export interface Agent {
  /**
   * Resolves to {@link status} once registered; at once if the agent is disabled.
   * @param timeoutMs milliseconds; absent: as long as it takes. Rejects with `AgentError` `TIMEOUT` or `STOPPED`.
   */
  ready(timeoutMs?: number): Promise<Status>;
  /** A snapshot. Cheap, never throws. */
  status(): Status;
  /**
   * Forgets the ids and both dictionaries and registers anew, as `reset` in the command file does. Rejects with
   * `AgentError` `TIMEOUT` after 60 s (and goes on trying), or `STOPPED`.
   */
  reset(): Promise<ResetResult>;
  /**
   * Resolves to true when everything accepted before was sent or counted as dropped, to false after `timeoutMs`
   * milliseconds (default 10,000). Never rejects.
   */
  flush(timeoutMs?: number): Promise<boolean>;
  /** Takes every patch back, sends what waits (1 s at most), ends. Never rejects; twice is once. */
  stop(): Promise<void>;
  /**
   * A verb of the application's own for the command file. A built-in or registered verb, or a name that the file cannot
   * hold, throws `AgentError` `INVALID_CONFIGURATION`.
   * @returns takes the verb away
   */
  onCommand(verb: string, handler: CommandHandler, options?: CommandOptions): () => void;
  /**
   * A local span around `fn`, sync or async. Returns what `fn` returns, rethrows what it throws. Outside a request it
   * is a trace of its own. In place of a plain promise it returns one that settles alike, so that a rejection which nobody
   * handles stays one: it is to be handled on the one that is returned.
   */
  trace<T>(name: string, fn: (span: TraceSpan) => T): T;
  /** Undefined outside a trace. */
  currentTraceId(): string | undefined;
  /**
   * What the trace carries along from service to service under this key (`sw8-correlation`; a v2 backend's header has no
   * room for it). Undefined where there is nothing, and outside a trace.
   */
  getCorrelation(key: string): string | undefined;
  /**
   * Gives the trace something along, to every service that it reaches from here. An empty value takes it away.
   * @returns false outside a trace, and where it does not fit in: at most three keys, 128 characters each
   */
  setCorrelation(key: string, value: string): boolean;
}

/** What the backend knew us by, and by what it does now: ids on v2, names on v3; `null` where there was none. */
export interface ResetResult {
  readonly service: { readonly from: number | string | null; readonly to: number | string };
  readonly instance: { readonly from: number | string | null; readonly to: number | string };
  readonly tookMs: number;
}

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
