import type { InstanceNameSource } from './options';

export interface RegistrationStatus {
  /**
   * How far registration has come: the first three on v2, the next two on v3. Until a backend has decided the protocol:
   * `unregistered`, and `connecting` where v3 is configured. `disabled` and `stopped`: nothing is done any more.
   */
  readonly phase: 'unregistered' | 'service-known' | 'registered' | 'connecting' | 'connected' | 'disabled' | 'stopped';
  /** Counts up with every reset, whoever asked for it. */
  readonly epoch: number;
  readonly serviceId: number | null;
  readonly instanceId: number | null;
  /** When this phase was reached, ISO 8601. */
  readonly since: string;
  /** Why this epoch began: `start`, `api`, `backend`, `verification` or `command <id>`. */
  readonly reason: string;
  /**
   * The names by which a v3 backend knows us: without what is over its limits (70 characters each). Null on v2, which
   * goes by the ids, and while not connected.
   */
  readonly knownAs: { readonly service: number | string; readonly instance: number | string } | null;
}

export interface HeartbeatStatus {
  /** When the backend last answered, ISO 8601; null: not yet. */
  readonly lastOkAt: string | null;
  /** Failures in a row, of connecting, TLS and registration as well as of heartbeats. */
  readonly failures: number;
  /** The last failure's words; null after a success. */
  readonly lastError: string | null;
}

export interface DictionaryStatus {
  readonly known: number;
  readonly pending: number;
  /** Names that were not admitted because the dictionary is full; they travel as strings. */
  readonly refused: number;
}

/** `accepted = sent + dropped + inFlight + buffered + spooled`, always. */
export interface SegmentStatus {
  readonly accepted: number;
  /** The stream that carried them ended with OK. */
  readonly sent: number;
  readonly dropped: number;
  /** Written, fate unknown. */
  readonly inFlight: number;
  readonly buffered: number;
  /** Handed to the spool, for this or another process to deliver. Absent: there is no spool. */
  readonly spooled?: number;
  /** Reason to count; adds up to `dropped`. */
  readonly droppedBecause: Readonly<Record<string, number>>;
}

/** Lines of the application's log: `accepted = sent + dropped + buffered`, always; what is on its way counts as buffered. */
export interface ApplicationLogStatus {
  readonly accepted: number;
  readonly sent: number;
  readonly dropped: number;
  readonly buffered: number;
}

/** The spool of this process, and what it has seen of the directory that it shares. */
export interface SpoolStatus {
  readonly directory: string;
  /** What this process has on the disk and not yet delivered: files, bytes, sealed blocks, segments. */
  readonly files: number;
  readonly bytes: number;
  readonly blocks: number;
  readonly segments: number;
  /** Segments that are to be written and still are in memory. */
  readonly waitingForDisk: number;
  /** How old the oldest file is; null: there is none. */
  readonly oldestMs: number | null;
  /** Bytes of all processes that share the directory, at the last look. */
  readonly directoryFiles: number;
  readonly directoryBytes: number;
  /** Segments of this process that were delivered from the spool. */
  readonly delivered: number;
  /** Segments of dead processes that this one has delivered. */
  readonly adopted: number;
  /** Whose they were, the last 20. */
  readonly adoptedFrom: readonly { readonly service: string; readonly instance: string; readonly pid: number }[];
  /** Segments of this process that another one took over, since this one was frozen for so long. */
  readonly takenOver: number;
  /** Blocks that are not as they were written, set aside. */
  readonly corruptBlocks: number;
  /** Bytes after the last whole block of a file, cut off. */
  readonly tornBytes: number;
  /** Segments of this and of dead processes that were given up, reason to count. */
  readonly droppedBecause: Readonly<Record<string, number>>;
  /** Why nothing can be written now; null: all is well. */
  readonly fault: string | null;
}

export interface CommandOutcome {
  /** The explicit `id=`, or the agent's own for this run. */
  readonly id: string;
  readonly verb: string;
  readonly state: string;
  /** ISO 8601. */
  readonly at: string;
  readonly detail: string;
}

export interface CommandStatus {
  /** Absolute path; null: none configured. */
  readonly file: string | null;
  readonly watching: 'off' | 'events+poll' | 'poll';
  /** The rule of trust that the file breaks; null: none. */
  readonly fault: string | null;
  /** The last 20. */
  readonly last: readonly CommandOutcome[];
}

/**
 * A value in force, and who said so: the configuration of this process, a v3 backend for the whole service, or an operator
 * by the command file for as long as this process lives.
 */
export interface SettingStatus<T> {
  readonly value: T;
  readonly from: 'configuration' | 'backend' | 'command';
  /** Why the value that the backend has sent since is not in force; absent: it has sent none, or all is well. */
  readonly refused?: string;
}

/** What a v3 backend may change while the agent runs. */
export interface SettingsStatus {
  readonly sampleRate: SettingStatus<number>;
  /** `SW_AGENT_SAMPLE_N_PER_3_SECS`; 0: no limit. */
  readonly tracesPer3Seconds: SettingStatus<number>;
  readonly ignoreSuffix: SettingStatus<readonly string[]>;
  readonly ignorePath: SettingStatus<readonly string[]>;
  /** Spans a segment. */
  readonly spanLimit: SettingStatus<number>;
}

/** What the agent can see of this process. */
export interface InstrumentationStatus {
  readonly active: readonly string[];
  /** By `disable`. */
  readonly off: readonly string[];
  /** Libraries among them that were loaded before the agent: what they had done by then is not traced. */
  readonly loadedBefore: readonly string[];
  /** Those that the agent knows and that were loaded, as CommonJS, when it last registered: `express 5.1.0`. */
  readonly libraries: readonly string[];
  /** How long the process had run when the agent was started. */
  readonly startedAfterMs: number;
}

/** Who has the spans that are made by the API of OpenTelemetry. */
export interface OpenTelemetryStatus {
  /** `application`: an SDK of its own, or another agent. Null: nothing is registered. */
  readonly provider: 'skyanchor' | 'application' | null;
  /** Why it is not us; null: it is. */
  readonly reason: string | null;
  /** Packages of instrumentations that are loaded, since their libraries are. */
  readonly instrumentations: readonly string[];
}

/** A snapshot of the agent; also one entry of the status file. */
export interface Status {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The version of skyanchor. */
  readonly version: string;
  readonly service: string;
  /** Null until the name is claimed, which takes well under a second and needs no backend. */
  readonly instance: string | null;
  readonly instanceNameFrom: InstanceNameSource;
  /** `host:port` of the backend we are connected to; null: none. */
  readonly backend: string | null;
  /** Connections to a backend since the start, after the first. */
  readonly reconnects: number;
  /** Null until a backend has decided it, or the configuration. */
  readonly protocol: 'v2' | 'v3' | null;
  readonly registration: RegistrationStatus;
  readonly heartbeat: HeartbeatStatus;
  readonly endpoints: DictionaryStatus;
  readonly networkAddresses: DictionaryStatus;
  readonly segments: SegmentStatus;
  /** Absent: there is no spool. */
  readonly spool?: SpoolStatus;
  /** Absent: lines of the application are not sent (`applicationLogs`). */
  readonly applicationLogs?: ApplicationLogStatus;
  readonly settings: SettingsStatus;
  readonly instrumentations: InstrumentationStatus;
  readonly openTelemetry: OpenTelemetryStatus;
  readonly commands: CommandStatus;
}
