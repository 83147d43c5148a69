import { SpanType } from '../../model/components';
import { ForeignHeaders } from '../../model/foreign-headers';
import type { Id, NumericId } from '../../model/ids';
import type { KnownHeader } from '../../model/known-header';
import type { NameSource } from '../../model/segment';
import { areLong, carriersIn, type IncomingHeaders } from '../propagation/headers';

/** What the caller said of the trace, or a trace that begins here. */
export interface TraceOrigin {
  readonly traceId: Id;
  /** The caller's header, as it came. */
  readonly carrier: KnownHeader | undefined;
  readonly correlation: ReadonlyMap<string, string> | undefined;
}

/** What work that goes on long after its request keeps of it. */
export interface Remnant {
  /** What the application is not to hand on; then there is no carrier. */
  readonly foreign: ForeignHeaders | undefined;
  readonly carrier: KnownHeader | undefined;
  /** What the application itself has set. */
  readonly correlation: ReadonlyMap<string, string> | undefined;
}

/** Makes what an unrecorded trace has only once it is asked for. */
interface TraceOrigins {
  originOf(headers: IncomingHeaders | undefined): TraceOrigin;
  nextId(): NumericId;
}

/**
 * The scope of work of which nothing is recorded, and nothing that it starts: a request that is ignored or not sampled.
 * It costs no span, and an id and the reading of headers only where the application asks for the id or makes a call.
 */
export class UnrecordedTrace {
  readonly type = SpanType.entry;
  /** As on a span: empty where it is no HTTP. */
  method = '';
  /** As on a span: finds a better name than the path. */
  naming: NameSource | undefined = undefined;
  isNameFrozen = false;
  /** The request has been answered. Of what is no HTTP nothing tells it. */
  isOver = false;
  private origin: TraceOrigin | undefined = undefined;
  private ownSegmentId: NumericId | undefined = undefined;
  /** What the application has set, with or without what came. */
  ownCorrelation: ReadonlyMap<string, string> | undefined = undefined;

  /**
   * @param headers of the request; undefined: none
   * @param isPropagated whether the services that are called from here are told not to record it
   */
  constructor(
    private readonly origins: TraceOrigins,
    public operationName: string,
    private headers: IncomingHeaders | ForeignHeaders | undefined,
    readonly isPropagated: boolean,
    /** By the wall clock, as of a segment. */
    readonly openedAt: number,
  ) {}

  get traceId(): Id {
    return this.read().traceId;
  }

  get carrier(): KnownHeader | undefined {
    return this.read().carrier;
  }

  /** What the application is not to hand on. */
  get foreign(): ForeignHeaders | undefined {
    return this.headers instanceof ForeignHeaders ? this.headers : undefined;
  }

  get correlation(): ReadonlyMap<string, string> | undefined {
    return this.ownCorrelation ?? this.read().correlation;
  }

  set correlation(pairs: ReadonlyMap<string, string> | undefined) {
    this.ownCorrelation = pairs;
  }

  /** Stands in headers for the segment that there is not. */
  get segmentId(): NumericId {
    return (this.ownSegmentId ??= this.origins.nextId());
  }

  /** Takes along what is left of a request that this began long after. */
  goOnWith({ foreign, carrier, correlation }: Remnant): void {
    // Its request is, and so its intervals are in no trace.
    this.isOver = true;
    this.headers = foreign;
    this.ownCorrelation = correlation;
    if (!foreign) this.origin = { traceId: this.origins.nextId(), carrier, correlation: undefined };
  }

  /** The request has been answered. */
  end(): void {
    this.isOver = true;
    this.narrow();
  }

  /**
   * A promise or a timer of the application's may keep this for long: of the headers it keeps what a call needs that goes
   * out later, and not their text where that is long.
   */
  narrow(): this {
    const { headers } = this;
    if (headers === undefined || headers instanceof ForeignHeaders) return this;
    this.headers = undefined;
    const carriers = carriersIn(headers);
    this.headers = carriers;
    if (carriers !== undefined && areLong(carriers)) this.read();
    return this;
  }

  private read(): TraceOrigin {
    const { headers } = this;
    if (headers instanceof ForeignHeaders) return (this.origin ??= this.origins.originOf(undefined));
    if (this.origin === undefined) {
      this.origin = this.origins.originOf(headers);
      // A timer may keep this for long.
      this.headers = undefined;
    }
    return this.origin;
  }
}

/** A call of which there is no span, since its trace is not recorded. */
export interface UnrecordedExit {
  readonly trace: UnrecordedTrace;
  /** `host:port` */
  readonly peer: string;
}
