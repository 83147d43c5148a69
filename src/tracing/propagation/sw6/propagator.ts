import { numericTraceId } from '../../id-text';
import { parseSw6 } from './parse';
import { RefType, USER_ENDPOINT } from '../../../model/components';
import { formatSw6 } from './format';
import type { SelfCallGuard } from '../self-call-guard';
import type { RemoteParent } from '../remote-parent';
import type { V2Identity } from '../propagation-identity';
import type { Span } from '../../../model/segment';
import type { UnrecordedTrace } from '../../sampling/unrecorded-trace';
import type { V2Ref } from '../../../model/segment-ref';

export const SW6 = 'sw6';

/** @param epoch that the ids in the header are of, unless it is one of our `own` */
export function extractSw6(header: unknown, epoch: number, own: SelfCallGuard): RemoteParent | undefined {
  const sw6 = parseSw6(header);
  if (!sw6 || typeof header !== 'string') return undefined;
  const ref: V2Ref = {
    epoch: own.registrationEpochOf(sw6, epoch),
    refType: RefType.crossProcess,
    parentSegmentId: sw6.parentSegmentId,
    parentSpanId: sw6.parentSpanId,
    parentInstanceId: sw6.parentInstanceId,
    entryInstanceId: sw6.entryInstanceId,
    networkAddress: sw6.peer,
    entryEndpoint: sw6.entryEndpoint,
    parentEndpoint: sw6.parentEndpoint,
  };
  const { isSampled, traceId } = sw6;
  return { isSampled, traceId, carrier: header, ref, correlation: undefined, skipsAnalysis: false };
}

/** What a request of this exit span has to say; `undefined`: it cannot be said. */
export function formatSw6Header(span: Span, names: V2Identity): string | undefined {
  if (names.instanceId === 0) return undefined;
  const { entry, segmentId, isSampled } = span.segment;
  // Work outside of any request has no endpoint.
  const own = entry && entry.operationName !== '' ? nameOrId(entry.operationName, names) : undefined;
  const first = entry?.refs?.find((ref): ref is V2Ref => ref.parentService === undefined);
  const here = first?.epoch === names.epoch ? first : undefined;
  return formatSw6({
    isSampled,
    traceId: numericTraceId(span.segment),
    parentSegmentId: segmentId,
    parentSpanId: span.spanId,
    parentInstanceId: names.instanceId,
    entryInstanceId: here ? here.entryInstanceId : names.instanceId,
    peer: names.networkAddress(span.peer) || span.peer,
    entryEndpoint: here ? entryEndpointOf(here, names) : own,
    parentEndpoint: own ?? USER_ENDPOINT,
  });
}

/** The same for a call whose trace is not recorded. */
export function formatUnrecordedSw6(trace: UnrecordedTrace, peer: string, names: V2Identity): string | undefined {
  if (names.instanceId === 0) return undefined;
  const { segmentId, operationName } = trace;
  const endpoint = operationName === '' ? undefined : nameOrId(operationName, names);
  return formatSw6({
    isSampled: false,
    traceId: numericTraceId(trace),
    parentSegmentId: segmentId,
    parentSpanId: 0,
    parentInstanceId: names.instanceId,
    entryInstanceId: names.instanceId,
    peer: names.networkAddress(peer) || peer,
    entryEndpoint: endpoint,
    parentEndpoint: endpoint ?? USER_ENDPOINT,
  });
}

function nameOrId(name: string, names: V2Identity): string | number {
  return names.endpoint(name) || name;
}

/** As it came; where the trace came in at this very instance, our own id for it may be known by now. */
function entryEndpointOf({ entryEndpoint, entryInstanceId }: V2Ref, names: V2Identity): string | number | undefined {
  const isOwn = typeof entryEndpoint === 'string' && entryInstanceId === names.instanceId;
  return isOwn ? nameOrId(entryEndpoint, names) : entryEndpoint;
}
