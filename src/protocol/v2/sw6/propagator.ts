import { RefType, USER_ENDPOINT } from '../../../model/components';
import { numericTraceId } from '../../../model/ids';
import { knownHeader } from '../../../model/known-header';
import { isV2, type Span, type V2Ref } from '../../../model/segment';
import type { IdGenerator } from '../../../tracing/id-generator';
import { type HeaderSetter, type IncomingHeaders, SW6 } from '../../../tracing/propagation/headers';
import type { PropagationIdentity, Propagator, RemoteParent } from '../../../tracing/propagation/propagator';
import type { UnrecordedExit, UnrecordedTrace } from '../../../tracing/sampling/unrecorded-trace';
import { fittingAddress, fittingName, isStorable } from '../names';
import { formatSw6, isReadable, parseSw6, type Sw6 } from './carrier';

/** Stands for no registration: ids of this epoch are never sent. */
export const NO_EPOCH = -1;

/**
 * Knows this process' own v2 carriers when they come back, directly or by way of others. One that was on its way while
 * we registered anew names us by the ids of before, and those may be another instance's by now. The carriers
 * of other processes do not show that.
 */
class SelfCallGuard {
  private epoch = NO_EPOCH;
  private instanceId = 0;

  constructor(private readonly ids: Pick<IdGenerator, 'made'>) {}

  /** A carrier goes out with these ids. */
  recordSent(epoch: number, instanceId: number): void {
    this.epoch = epoch;
    this.instanceId = instanceId;
  }

  /** The epoch that a carrier's ids are of. @param others where it is not our own */
  registrationEpochOf({ traceId, parentSegmentId, parentInstanceId, entryInstanceId }: Sw6, others: number): number {
    // A trace that began here came in here.
    const isEntry = this.ids.made(traceId);
    const isParent = this.ids.made(parentSegmentId);
    if (!isEntry && !isParent) return others;
    const { instanceId } = this;
    const isOfLast = (!isEntry || entryInstanceId === instanceId) && (!isParent || parentInstanceId === instanceId);
    return isOfLast ? this.epoch : NO_EPOCH;
  }
}

/** What a v2 backend knows us by: the agent's dictionaries, seen from the tracer. An id of 0: there is none yet. */
export interface V2Identity extends PropagationIdentity {
  readonly protocol: 'v2';
  /** The ids of different epochs never meet. */
  readonly epoch: number;
  readonly instanceId: number;
  /**
   * Looking changes nothing: that a name occurred is what its span says when it is encoded. `USER_ENDPOINT`: there is
   * none yet, and the backend would wait for the name in vain.
   */
  endpoint(name: string): number;
  networkAddress(name: string): number;
}

/** Carriers of v2 hold ids, which are worth something only in the epoch that they are of. */
export class V2Propagator implements Propagator<V2Identity> {
  readonly header = SW6;
  private readonly own: SelfCallGuard;

  /** @param carrierEpoch the epoch of our registration that the ids in a carrier of another process are of, if of any */
  constructor(
    ids: Pick<IdGenerator, 'made'>,
    private readonly carrierEpoch: () => number,
  ) {
    this.own = new SelfCallGuard(ids);
  }

  extract({ [SW6]: carrier }: IncomingHeaders): RemoteParent | undefined {
    const sw6 = parseSw6(carrier);
    if (!sw6 || typeof carrier !== 'string') return undefined;
    const ref: V2Ref = {
      epoch: this.own.registrationEpochOf(sw6, this.carrierEpoch()),
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
    return { isSampled, traceId, carrier: knownHeader(carrier), ref, correlation: undefined, skipsAnalysis: false };
  }

  inject<T>(span: Span, identity: V2Identity, into: T, set: HeaderSetter<T>): void {
    const header = formatSw6Header(span, identity);
    if (header === undefined) return;
    this.own.recordSent(identity.epoch, identity.instanceId);
    set(into, SW6, header, span.segment.forwarded);
  }

  injectUnrecorded<T>(
    { trace, peer }: UnrecordedExit,
    identity: V2Identity,
    isEmpty: boolean,
    into: T,
    set: HeaderSetter<T>,
  ): void {
    const header = isEmpty ? '' : formatUnrecorded(trace, peer, identity);
    if (header !== undefined) set(into, SW6, header, trace.carrier);
  }
}

/** What a request of this exit span has to say; `undefined`: it cannot be said. */
function formatSw6Header(span: Span, names: V2Identity): string | undefined {
  if (names.instanceId === 0) return undefined;
  const { entry, segmentId, isSampled } = span.segment;
  // Work outside of any request has no endpoint.
  const own = entry && entry.operationName !== '' ? endpointOf(entry.operationName, names) : undefined;
  const first = entry?.refs?.find(isV2);
  const here = first?.epoch === names.epoch ? first : undefined;
  return formatSw6({
    isSampled,
    traceId: numericTraceId(span.segment),
    parentSegmentId: segmentId,
    parentSpanId: span.spanId,
    parentInstanceId: names.instanceId,
    entryInstanceId: here ? here.entryInstanceId : names.instanceId,
    peer: addressOf(span.peer, names),
    entryEndpoint: here ? entryEndpointOf(here, names) : own,
    parentEndpoint: own ?? USER_ENDPOINT,
  });
}

/** The same for a call whose trace is not recorded. */
function formatUnrecorded(trace: UnrecordedTrace, peer: string, names: V2Identity): string | undefined {
  if (names.instanceId === 0) return undefined;
  const { segmentId, operationName } = trace;
  const endpoint = operationName === '' ? undefined : endpointOf(operationName, names);
  return formatSw6({
    isSampled: false,
    traceId: numericTraceId(trace),
    parentSegmentId: segmentId,
    parentSpanId: 0,
    parentInstanceId: names.instanceId,
    entryInstanceId: names.instanceId,
    peer: addressOf(peer, names),
    entryEndpoint: endpoint,
    parentEndpoint: endpoint ?? USER_ENDPOINT,
  });
}

/** As the segment has it, but for characters that no carrier may hold. */
function addressOf(peer: string, names: V2Identity): string | number {
  const name = fittingAddress(peer);
  return names.networkAddress(name) || name;
}

/** By another name than the segment's it would be none of our endpoints, and the backend would wait for it in vain. */
function endpointOf(endpoint: string, names: V2Identity): string | number | undefined {
  const name = fittingName(endpoint);
  return names.endpoint(name) || (isReadable(name) ? name : undefined);
}

/**
 * As it came, if a backend can know it; where the trace came in at this very instance, our own id for it may be known by
 * now.
 */
function entryEndpointOf({ entryEndpoint, entryInstanceId }: V2Ref, names: V2Identity): string | number | undefined {
  if (typeof entryEndpoint !== 'string') return entryEndpoint;
  if (entryInstanceId === names.instanceId) return endpointOf(entryEndpoint, names);
  return isStorable(entryEndpoint) ? entryEndpoint : undefined;
}
