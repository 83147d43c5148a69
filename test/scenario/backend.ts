/** One thing that the backend knows, and what an agent calls it by: on v2 the id it was given, on v3 its name. */
export interface Row {
  readonly id: string;
  readonly name: string;
}

export interface InstanceRow {
  readonly id: string;
  /** What it was registered under: its UUID, on v3 its name. */
  readonly uuid: string;
  /** As the backend shows it: `NODEJS`. */
  readonly language: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A span as the backend has understood it. */
export interface SpanRow {
  readonly type: 'Entry' | 'Exit' | 'Local';
  readonly segmentId: string;
  readonly service: string;
  readonly name: string;
  readonly spanId: number;
  readonly parentSpanId: number;
  /** Only exit spans have it. */
  readonly peer: string;
  /** By the backend's own table: `HttpServer`, `HttpClient`. */
  readonly component: string;
  readonly layer: string;
  readonly isError: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** The spans of other processes that asked for it. */
  readonly refs: readonly { readonly parentSegmentId: string; readonly parentSpanId: number }[];
}

/** What the scenario needs of a backend; a real one and the embedded one fit it alike, so they cannot drift apart. */
export interface ScenarioBackend {
  /** `host:port`. */
  readonly address: string;
  /** Only services that registered: not those the backend made up for network addresses. */
  services(): Promise<readonly Row[]>;
  instances(service: string): Promise<readonly InstanceRow[]>;
  endpoints(service: string): Promise<readonly Row[]>;
  /** Ids of the traces that are booked on the instance with this id. */
  traces(service: string, instanceId: string): Promise<readonly string[]>;
  trace(traceId: string): Promise<readonly SpanRow[]>;
  /** Who calls whom, as the backend has understood it: `caller -> called`, registered services only. */
  topology(): Promise<readonly string[]>;
  /** The backend goes down, its storage is emptied, it comes up at the same address. */
  wipe(whileDown?: () => Promise<unknown>): Promise<void>;
  /** It goes down and comes up at the same address with the storage it had. */
  restart(whileDown?: () => Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
}

/** `forgetful`: what it stores is gone when it goes down; `lasting`: it is not. */
export type StartBackend = (storage: 'forgetful' | 'lasting') => Promise<ScenarioBackend>;
