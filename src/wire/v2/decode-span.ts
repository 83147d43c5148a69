import type { Segment } from '../../trace/segment';
import type { Span } from '../../trace/span';
import type { Cursor } from '../message/cursor';
import { decodePairs } from '../message/decode-pairs';
import { decodeSpan } from '../message/decode-span';
import { Fields } from '../message/fields';
import { takeTags } from '../message/take-tags';
import type { V2Names } from '../names';
import { readRef } from './decode-ref';

const FIELDS = { spanType: 10, spanLayer: 11, componentId: 12, isError: 14, logs: 16 };

/** A `SpanObjectV2`. Ids become the names that they stand for in `names`. */
export function readSpan(message: Cursor, segment: Segment, names: V2Names): Span {
  const fields = new Fields(message);
  const span = decodeSpan(segment, fields, FIELDS);
  const endpointId = fields.number(6);
  const peerId = fields.number(8);
  span.operationName = endpointId === 0 ? fields.text(7) : known(names.endpointOf(endpointId), 'endpoint', endpointId);
  span.peer = peerId === 0 ? fields.text(9) : known(names.networkAddressOf(peerId), 'network address', peerId);
  const refs = fields.all(5);
  if (refs.length > 0) span.refs = refs.map((ref) => readRef(ref, names.epoch));
  takeTags(span, decodePairs(fields.all(15)), 'status_code', () => true);
  return span;
}

function known(name: string | undefined, kind: string, id: number): string {
  if (name === undefined) throw new Error(`no name is known for ${kind} ${id}`);
  return name;
}
