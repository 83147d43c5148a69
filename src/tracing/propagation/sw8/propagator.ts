import { parseCorrelation, formatCorrelation } from '../correlation';
import { parseSw8 } from './parse';
import { Layer, RefType } from '../../../model/components';
import { formatSw8 } from './format';
import type { Clock } from '../../../base/clock';
import type { IncomingHeaders, HeaderSetter } from '../headers';
import type { RemoteParent } from '../remote-parent';
import type { V3Identity } from '../propagation-identity';
import type { Span } from '../../../model/segment';
import type { UnrecordedTrace } from '../../sampling/unrecorded-trace';
import type { V3Ref } from '../../../model/segment-ref';

export const SW8 = 'sw8';
export const SW8_CORRELATION = 'sw8-correlation';
/** `<mode>-<time>`: whether this trace is left out of the metrics, and when the request was sent. */
export const SW8_X = 'sw8-x';

/** A blank stands for the time of a call whose time on the way is not asked for. */
const NO_TIME = ' ';

export function extractSw8(headers: IncomingHeaders): RemoteParent | undefined {
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
    carrier,
    ref,
    correlation: parseCorrelation(headers[SW8_CORRELATION]),
    skipsAnalysis: skipsAnalysis(headers[SW8_X]),
  };
}

/** What a request of this exit span has to say; `undefined`: it cannot be said. */
export function formatSw8Header(span: Span, names: V3Identity): string | undefined {
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
export function formatUnrecordedSw8(trace: UnrecordedTrace, peer: string, names: V3Identity): string | undefined {
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
export function injectSw8Extensions<T>(span: Span, clock: Clock, into: T, set: HeaderSetter<T>): void {
  const { correlation, skipsAnalysis: skips } = span.segment;
  injectCorrelation(correlation, into, set);
  if (span.layer === Layer.mq) set(into, SW8_X, `${skips ? 1 : 0}-${clock.now()}`);
  else if (skips) set(into, SW8_X, `1-${NO_TIME}`);
}

export function injectCorrelation<T>(
  correlation: ReadonlyMap<string, string> | undefined,
  into: T,
  set: HeaderSetter<T>,
): void {
  const pairs = formatCorrelation(correlation);
  if (pairs !== undefined) set(into, SW8_CORRELATION, pairs);
}

/** When the producer sent the message, milliseconds since 1970; `undefined`: it does not say. */
export function sentAt(headers: IncomingHeaders): number | undefined {
  const { [SW8_X]: header } = headers;
  const time = typeof header === 'string' ? /^[01]-(\d{1,15})$/.exec(header)?.[1] : undefined;
  return time === undefined ? undefined : Number(time);
}

/** Only what is well-formed counts. */
function skipsAnalysis(header: unknown): boolean {
  return typeof header === 'string' && /^1-(?:\d{0,19}| )$/.test(header);
}
