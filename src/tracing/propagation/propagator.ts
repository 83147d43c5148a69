import type { ProtocolName } from '../../model/dialect';
import type { Id } from '../../model/ids';
import type { KnownHeader } from '../../model/known-header';
import type { SegmentRef, Span } from '../../model/segment';
import type { UnrecordedExit } from '../sampling/unrecorded-trace';
import type { HeaderSetter, IncomingHeaders } from './headers';

/** What a carrier brought: the trace to go on with, and the place that asked. */
export interface RemoteParent {
  /** The caller records this trace, so every service does; otherwise none does. */
  readonly isSampled: boolean;
  readonly traceId: Id;
  /** The header that said so, as it came. */
  readonly carrier: KnownHeader;
  readonly ref: SegmentRef;
  /** The application's own data that travels with the trace, at most three pairs. */
  readonly correlation: ReadonlyMap<string, string> | undefined;
  /** The trace is not to count in the metrics. */
  readonly skipsAnalysis: boolean;
}

/** What the backend knows us by, as carriers tell it to other processes; its fields are for the protocol's propagator. */
export interface PropagationIdentity {
  readonly protocol: ProtocolName;
}

/** How one protocol hands a trace from process to process: both ways, in its own header. */
export interface Propagator<I extends PropagationIdentity = PropagationIdentity> {
  /** The name of the header that holds the carrier, in lower case. */
  readonly header: string;
  /** `undefined`: there is no carrier, or none that means anything. */
  extract(headers: IncomingHeaders): RemoteParent | undefined;
  /** Calls `set` for each header of a request of this exit span; for none if it cannot be said. */
  inject<T>(span: Span, identity: I, into: T, set: HeaderSetter<T>): void;
  /** The same for a call whose trace is not recorded. @param isEmpty the carrier names no trace */
  injectUnrecorded<T>(exit: UnrecordedExit, identity: I, isEmpty: boolean, into: T, set: HeaderSetter<T>): void;
}

/** One for each protocol. The first is that of our own where no backend has been reached yet. */
export type Propagators = Readonly<Partial<Record<ProtocolName, Propagator>>>;
