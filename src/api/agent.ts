import type { Status } from './status';

/**
 * A span as the application sees it. No method throws, and each does nothing once the span has ended and where nothing
 * is recorded.
 */
export interface TraceSpan {
  /** As the backend shows it. Empty where there is no trace. */
  readonly traceId: string;
  /** The id of the part of the trace that runs in this process. Empty where nothing is recorded. */
  readonly segmentId: string;
  /** From 0 within the segment; -1 where nothing is recorded. */
  readonly spanId: number;
  /**
   * The last value of a key counts.
   * @param key at most 256 characters; 128 tags a span
   * @param value anything; becomes a string of at most 2,048 characters
   */
  tag(key: string, value: unknown): void;
  /**
   * Something that happened now.
   * @param data at most 32 keys and values, or a text, which is the value of `message`; 64 logs a span
   */
  log(data: string | Readonly<Record<string, unknown>>): void;
  /** Marks the span as failed, with what was thrown as a log: its class, message and stack. */
  error(error: unknown): void;
  /**
   * Another name for the span, in place of the path or the route. Without effect once another process was told of it: in
   * the headers of a call that was made from here. An empty name: likewise. A v3 backend shows the name of a request
   * behind its method, once: `/x` and `GET:/x` are both `GET:/x` there.
   * @param name at most 512 characters (a backend shows 150). Few different ones: each of an entry span is an endpoint
   */
  setOperationName(name: string): void;
}

/** What brings the trace headers of a message: an object of headers, in upper or lower case, or what has a `get`. */
export type TraceCarrier = Readonly<Record<string, unknown>> | { get(name: string): unknown };

/** Puts one trace header into a message: `sw6` or `sw8`, `sw8-correlation`, `sw8-x`. */
export type SetHeader = (name: string, value: string) => void;

/** What a line of a log needs to be found from its trace. */
export interface LogContext {
  readonly traceId: string;
  /** Empty where nothing is recorded. */
  readonly segmentId: string;
  /** -1 where nothing is recorded. */
  readonly spanId: number;
  readonly service: string;
  /** Empty until the instance has its name, shortly after the start. */
  readonly instance: string;
  /** `[SW_CTX:[service,instance,traceId,segmentId,spanId]]`, with `N/A` for what is empty. */
  toString(): string;
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

/** At most eight, of letters, digits and `_`; values of at most 128 characters. */
export type MeterLabels = Readonly<Record<string, string>>;

export interface Counter {
  /** @param by above 0, 1 by default; anything else is ignored */
  increment(by?: number): void;
}

export interface Gauge {
  set(value: number): void;
}

export interface Histogram {
  /** Counted in buckets from 0, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000 and 10,000 on. */
  record(value: number): void;
}

/**
 * Numbers of the application's own, which a v3 backend is told every `meterPeriodMs`. The same name and labels are the
 * same meter. The backend shows those that a file of its meter analysis names. At most 500; nothing throws.
 */
export interface Meters {
  /** Only rises: how often something happened. */
  counter(name: string, labels?: MeterLabels): Counter;
  /** As it is now. */
  gauge(name: string, labels?: MeterLabels): Gauge;
  /** How often something took so long. */
  histogram(name: string, labels?: MeterLabels): Histogram;
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
   * is a trace of its own. In place of a plain promise it returns one that settles alike, so that an unhandled
   * rejection stays one: it is to be handled on the one that is returned. Without a function this, {@link entry} and
   * {@link exit} throw a TypeError.
   */
  trace<T>(name: string, fn: (span: TraceSpan) => T): T;
  /** Numbers of the application's own. */
  readonly meter: Meters;
  /** Also where nothing of the trace is recorded: it was not sampled, or is ignored. Undefined outside a trace. */
  currentTraceId(): string | undefined;
  /** The span that is active: of the request that is served, or of {@link trace}, {@link entry}, {@link exit}. Undefined outside a trace. */
  currentSpan(): TraceSpan | undefined;
  /**
   * An entry span around `fn`, sync or async: work that another process asks for by a protocol of the application's own
   * (MQTT, TCP, IPC, a queue). It begins a new segment whatever is active, in the trace that the carrier brings; without
   * a carrier, or with one that is malformed, in a trace of its own. `trustIncoming` does not apply. Returns what `fn`
   * returns, rethrows what it throws; of promises what {@link trace} says is true here, too.
   * @param name of the endpoint: few different ones
   */
  entry<T>(name: string, carrier: TraceCarrier | undefined, fn: (span: TraceSpan) => T): T;
  /**
   * An exit span around `fn`, sync or async: a call to another process by a protocol of the application's own. `inject`
   * calls back for each header that has to travel with the call so that the trace goes on there; not at all for hosts that
   * get none (`propagateTo`, `doNotPropagateTo`), and after the span has ended. Outside a trace the span is a trace of its own.
   * @param peer what is called, `host:port`: a node in the topology. An empty one is `unknown`
   */
  exit<T>(name: string, peer: string, fn: (span: TraceSpan, inject: (set: SetHeader) => void) => T): T;
  /**
   * `fn` as a function that runs in the trace of now whenever it is called: for callbacks that a library calls from
   * elsewhere, as out of a pool. Promises, timers and most of Node's callbacks need no such help. What it calls after the
   * request has ended is a segment of its own in the same trace.
   */
  bind<F extends (...args: never[]) => unknown>(fn: F): F;
  /** The ids that a line of a log needs to be found from its trace. Undefined outside a trace. */
  logContext(): LogContext | undefined;
  /**
   * From now on each line that pino, winston or bunyan writes within a trace has `traceId`, `segmentId` and `spanId`, unless
   * `logCorrelation` says otherwise. Lines outside of traces stay as they are.
   */
  correlateLogs(): void;
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
