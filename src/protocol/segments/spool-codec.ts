import type { Segment } from '../../model/segment';
import type { V2Names, V3Names } from '../../model/names';
import type { SpoolCodec } from '../../spool/ports';
import { MessageReader, Fields } from '../protobuf/control/reader';
import { writeNumber } from '../protobuf/fast/field';
import { closeLength } from '../protobuf/fast/varint';
import { readV2Ref, writeV2Ref } from '../v2/segment/ref';
import { v3SegmentCodec } from '../v3/segment/segment';

/** Service and instance stand once in each file, and names are written as they are. */
const BY_NAME: V3Names = { protocol: 'v3', epoch: 0, service: '', instance: '', endpoint: (name) => name };
/** No id is known, so that names stay names. */
const WITHOUT_IDS: V2Names = {
  protocol: 'v2',
  epoch: 0,
  serviceId: 0,
  instanceId: 0,
  endpoint: () => 0,
  networkAddress: () => 0,
  endpointOf: () => undefined,
  networkAddressOf: () => undefined,
};
/** The epoch of no registration. */
const NO_EPOCH = 0;
const V2_REFS = 15;

/**
 * A `SegmentObject` of v3, which holds names, and behind it in field 15 what v3 has no place for: refs that a v2 caller
 * sent. Their ids are those of one registration of the process that got them, and are left out by any other.
 */
export const spoolCodec: SpoolCodec = {
  maxSize: (segment) => v3SegmentCodec.maxSize(segment),

  encode(buf, pos, segment) {
    const end = v3SegmentCodec.encode(buf, pos, segment, BY_NAME);
    const at = writeV2Refs(buf, end, segment);
    if (at > end) buf.writeUInt32BE(at - pos - 5, pos + 1);
    return at;
  },

  decode(record, isOwn) {
    const segment = v3SegmentCodec.decode(record, BY_NAME);
    for (const piece of new Fields(new MessageReader(record)).all(V2_REFS)) {
      const fields = new Fields(piece);
      const span = segment.spans[fields.number(1)];
      if (!span) throw new Error('a ref belongs to no span');
      const ref = readV2Ref(fields.one(5), isOwn ? fields.number(2) : NO_EPOCH);
      span.refs = [...(span.refs ?? []), ref];
    }
    return segment;
  },
};

function writeV2Refs(buf: Buffer, pos: number, { spans }: Segment): number {
  let at = pos;
  spans.forEach(({ refs }, index) => {
    if (!refs) return;
    for (const ref of refs) {
      if (ref.parentService !== undefined) continue;
      buf[at] = 0x7a;
      const body = at + 3;
      let end = writeNumber(buf, body, 0x08, index);
      end = writeNumber(buf, end, 0x10, ref.epoch);
      end = writeV2Ref(buf, end, ref, WITHOUT_IDS);
      at = closeLength(buf, body, end, 2);
    }
  });
  return at;
}
