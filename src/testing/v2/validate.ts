import type { RowTable } from '../registry/id-table';
import type { EndpointRow, Unnumbered } from '../store/row';
import { Exchange, type OapVersion } from './exchange';
import type { IncomingSegment, WireRef, WireSegment, WireSpan } from './wire-segment';

/**
 * What OAP 6.5.0 makes of a segment, tried out on a real one. It is stricter where the real server books a
 * segment so that no query finds it: under a service called `unknown` where the `serviceId` is, and only local spans or exit
 * spans without a peer are there; under no trace where there is no trace id. These are dropped here like the others,
 * since what a test wants to know is that they are lost.
 */
export function validate({ traceIds, wire }: IncomingSegment, rows: RowTable, oap: OapVersion): Validity {
  if (!rows.get('instance', wire.serviceInstanceId))
    return dropped(`serviceInstanceId ${wire.serviceInstanceId} is unknown`);
  if (!rows.get('service', wire.serviceId)) return dropped(`serviceId ${wire.serviceId} is unknown`);
  if (traceIds.length === 0) return dropped('there are no globalTraceIds');
  if (!wire.spans.some(({ spanId }) => spanId === 0)) return dropped('there is no span with spanId 0');

  const exchange = new Exchange(rows, oap, wire.serviceId);
  for (const span of wire.spans) exchange.span(span);
  if (exchange.fault !== undefined) return dropped(exchange.fault);
  if (exchange.waitsFor !== undefined) return { type: 'waiting', reason: exchange.waitsFor, names: exchange };

  const fault = wire.spans.map((span) => spanFault(span, rows, oap)).find(Boolean) ?? listingFault(wire, rows);
  return fault === undefined ? { type: 'shown' } : dropped(fault);
}

/** Later servers know more of them. */
const LAYERS: ReadonlySet<string> = new Set(['Unknown', 'Database', 'RPCFramework', 'Http', 'MQ', 'Cache']);

/**
 * The second pass: what the metrics of a span are made from has to be there. Local spans have none,
 * nor have exit spans without a peer.
 */
function spanFault(span: WireSpan, rows: RowTable, oap: OapVersion): string | undefined {
  if (!LAYERS.has(span.spanLayer)) return `spanLayer ${span.spanLayer} is unknown`;
  if (span.spanType === 'Entry')
    return span.refs.map((ref) => refFault(ref, span, rows, oap)).find(Boolean) ?? operationNameFault(span, rows);
  const isCall = span.spanType === 'Exit' && (span.peerId !== 0 || span.peer !== '');
  return isCall ? operationNameFault(span, rows) : undefined;
}

function refFault(ref: WireRef, span: WireSpan, rows: RowTable, oap: OapVersion): string | undefined {
  if (ref.networkAddressId === 0 && ref.networkAddress === '') return 'a ref has no network address';
  if (ref.networkAddressId !== 0 && !rows.get('networkAddress', ref.networkAddressId))
    return `networkAddressId ${ref.networkAddressId} is unknown`;
  // Behind a queue the caller is the queue, so the parent is not looked up.
  if (span.spanLayer !== 'MQ' && !rows.get('instance', ref.parentServiceInstanceId))
    return `parentServiceInstanceId ${ref.parentServiceInstanceId} is unknown`;
  const isNone = ref.parentEndpointId === -1 && oap === '6.6';
  if (ref.parentEndpointId !== 0 && !isNone && !rows.get('endpoint', ref.parentEndpointId))
    return `parentEndpointId ${ref.parentEndpointId} is unknown`;
  return undefined;
}

/** A segment is listed under its last entry span's endpoint, else under its first span's name. */
function listingFault({ spans }: WireSegment, rows: RowTable): string | undefined {
  if (spans.some(({ spanType }) => spanType === 'Entry')) return undefined;
  const first = spans.findLast(({ spanId }) => spanId === 0);
  return first && operationNameFault(first, rows);
}

function operationNameFault({ operationNameId }: WireSpan, rows: RowTable): string | undefined {
  if (operationNameId === 0 || rows.get('endpoint', operationNameId)) return undefined;
  return `operationNameId ${operationNameId} is unknown`;
}

function dropped(reason: string): Validity {
  return { type: 'dropped', reason };
}

/**
 * What the backend makes of a segment. `waiting`: it holds names that have no id yet; those listed are registered by
 * the backend itself, others it only waits for.
 */
export type Validity =
  | { readonly type: 'shown' }
  | { readonly type: 'dropped'; readonly reason: string }
  | { readonly type: 'waiting'; readonly reason: string; readonly names: MissingNames };

interface MissingNames {
  readonly networkAddresses: readonly string[];
  readonly endpoints: readonly Unnumbered<EndpointRow>[];
}
