import type { SegmentCodec } from '../export/ports';
import type { Dialect } from '../model/dialect';
import type { Names } from '../model/names';
import type { InstanceName } from '../model/registration';
import type { LifecycleEvent, LogLine, Meter } from '../model/telemetry';
import type { Registration, RegistrationContext } from './registration/registration';

/** What an answer to the question shows, other than that all is well. */
interface Mismatch {
  readonly reason: string;
  /** The backend has our names for another service: nothing that goes by our ids would ever be ours. */
  readonly isOtherService: boolean;
}

/** How one protocol finds out over a connection whether the backend knows us, and where segments go then. */
export interface IdentityProbe<N extends Names> {
  pathOf(dialect: Dialect): string;
  /**
   * Asked once on each connection, before the first segment: over that very connection, since the one for calls may have
   * ended up at another server behind the same address.
   */
  request(names: N, dialect: Dialect): { readonly path: string; readonly request: Buffer };
  /** Throws if the answer cannot be read. */
  check(answer: Buffer, names: N): Mismatch | undefined;
}

/** The names that a probe asks in: the real ones, since an answer of OK has registered them. */
export interface ProbedNames {
  readonly serviceName: string;
  readonly v3Instance: InstanceName;
}

/** A question that a backend answers with OK only if it speaks the dialect. */
export interface Probe {
  readonly dialect: Dialect;
  readonly path: string;
  readonly request: (names: ProbedNames) => Buffer;
}

export type TelemetryMethod = 'meters' | 'logs' | 'events';

/** What goes beside the segments, over streams of its own. */
export interface TelemetryCodec<N extends Names = Names> {
  readonly methods: (dialect: Dialect) => Readonly<Record<TelemetryMethod, string>>;
  encodeMeter(meter: Meter, time: number, names: N): Buffer;
  encodeLog(line: LogLine, names: N): Buffer;
  encodeEvent(event: LifecycleEvent, names: N): Buffer;
}

/** One generation of SkyWalking's protocol: everything that differs between v2 and v3. */
export interface Protocol<N extends Names = Names> {
  /** One for each dialect, the most likely first. */
  readonly probes: readonly Probe[];
  createRegistration(context: RegistrationContext): Registration;
  /** How segments are written and read. */
  readonly codec: SegmentCodec<N>;
  /** Absent: its backends take nothing beside segments. */
  readonly telemetry?: TelemetryCodec<N>;
  /** How a connection is asked whether it knows us, before segments go over it. */
  identityProbe(serviceName: string): IdentityProbe<N>;
}
