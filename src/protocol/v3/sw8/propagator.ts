import type { Clock } from '../../../base/clock';
import { Layer, RefType } from '../../../model/components';
import { knownHeader } from '../../../model/known-header';
import type { Span, V3Ref } from '../../../model/segment';
import { formatCorrelation, parseCorrelation } from '../../../tracing/propagation/correlation';
import {
  type HeaderSetter,
  type IncomingHeaders,
  SW8,
  SW8_CORRELATION,
  SW8_X,
} from '../../../tracing/propagation/headers';
import type { PropagationIdentity, Propagator, RemoteParent } from '../../../tracing/propagation/propagator';
import type { UnrecordedExit, UnrecordedTrace } from '../../../tracing/sampling/unrecorded-trace';
import { formatSw8, parseSw8 } from './carrier';

/** What a v3 backend knows us by; the same as long as the process lives. */
export interface V3Identity extends PropagationIdentity {
  readonly protocol: 'v3';
  readonly service: string;
  readonly instance: string;
  /** The endpoint that the work under this span belongs to, as the span itself will be named there. */
  endpoint(span: Pick<Span, 'type' | 'method' | 'operationName'>): string;
}

/** A blank stands for the time of a call whose time on the way is not asked for. */
const NO_TIME = ' ';

/** Carriers of v3 hold names. */
export class V3Propagator implements Propagator<V3Identity> {
  readonly header = SW8;

  constructor(private readonly clock: Clock) {}

  extract(headers: IncomingHeaders): RemoteParent | undefined {
    const { [SW8]: carrier } = headers;
    const sw8 = parseSw8(carrier);
    if (!sw8 || typeof carrier !== 'string') return undefined;
    const ref: V3Ref = {
      refType: RefType.crossProcess,
      traceId: sw8.traceId,
      parentSegmentId: sw8.parentSegmentId,
      parentSpanId: sw8.parentSpanId,
      parentService: sw8.parentService,
      parentInstance: sw8.parentInstance,
      parentEndpoint: sw8.parentEndpoint,
      addressUsedAtPeer: sw8.addressUsedAtPeer,
    };
    return {
      isSampled: sw8.isSampled,
      traceId: sw8.traceId,
      carrier: knownHeader(carrier),
      ref,
      correlation: parseCorrelation(headers[SW8_CORRELATION]),
      skipsAnalysis: skipsAnalysis(headers[SW8_X]),
    };
  }

  inject<T>(span: Span, identity: V3Identity, into: T, set: HeaderSetter<T>): void {
    const header = formatSw8Header(span, identity);
    if (header === undefined) return;
    set(into, SW8, header, span.segment.forwarded);
    injectSw8Extensions(span, this.clock, into, set);
  }

  injectUnrecorded<T>(
    { trace, peer }: UnrecordedExit,
    identity: V3Identity,
    isEmpty: boolean,
    into: T,
    set: HeaderSetter<T>,
  ): void {
    const header = isEmpty ? '' : formatUnrecorded(trace, peer, identity);
    if (header === undefined) return;
    set(into, SW8, header, trace.carrier);
    injectCorrelation(trace.correlation, into, set);
  }
}

/** What a request of this exit span has to say; `undefined`: it cannot be said. */
function formatSw8Header(span: Span, names: V3Identity): string | undefined {
  const { entry, root, segmentId, traceId, isSampled } = span.segment;
  return formatSw8({
    isSampled,
    traceId,
    parentSegmentId: segmentId,
    parentSpanId: span.spanId,
    parentService: names.service,
    parentInstance: names.instance,
    parentEndpoint: names.endpoint(entry ?? root ?? span),
    addressUsedAtPeer: span.peer,
  });
}

/** The same for a call whose trace is not recorded. */
function formatUnrecorded(trace: UnrecordedTrace, peer: string, names: V3Identity): string | undefined {
  const { traceId, segmentId } = trace;
  return formatSw8({
    isSampled: false,
    traceId,
    parentSegmentId: segmentId,
    parentSpanId: 0,
    parentService: names.service,
    parentInstance: names.instance,
    parentEndpoint: names.endpoint(trace),
    addressUsedAtPeer: peer,
  });
}

/** Calls `set` for what goes beside `sw8`. A consumer makes of the time how long its message was on the way. */
function injectSw8Extensions<T>(span: Span, clock: Clock, into: T, set: HeaderSetter<T>): void {
  const { correlation, skipsAnalysis: skips } = span.segment;
  injectCorrelation(correlation, into, set);
  if (span.layer === Layer.mq) set(into, SW8_X, `${skips ? 1 : 0}-${clock.now()}`);
  else if (skips) set(into, SW8_X, `1-${NO_TIME}`);
}

function injectCorrelation<T>(
  correlation: ReadonlyMap<string, string> | undefined,
  into: T,
  set: HeaderSetter<T>,
): void {
  const pairs = formatCorrelation(correlation);
  if (pairs !== undefined) set(into, SW8_CORRELATION, pairs);
}

/** Only what is well-formed counts. */
function skipsAnalysis(header: unknown): boolean {
  return typeof header === 'string' && /^1-(?:\d{0,19}| )$/.test(header);
}
