import type { Segment } from '../../../src/model/segment';
import { maxSegmentSize } from '../../../src/protocol/protobuf/fast/field';
import type { V2Names, V3Names } from '../../../src/model/names';
import { v2SegmentCodec } from '../../../src/protocol/v2/segment-codec';
import { v3SegmentCodec } from '../../../src/protocol/v3/segment-codec';

/** What a segment is on the wire, without the five bytes before it. */
export function messageOf(segment: Segment, names: V2Names | V3Names): Buffer {
  // Twice, since a name here may hold the whole of a method that the bound reckons with once.
  const buf = Buffer.alloc(2 * maxSegmentSize(segment));
  const end =
    names.protocol === 'v2'
      ? v2SegmentCodec.encode(buf, 0, segment, names)
      : v3SegmentCodec.encode(buf, 0, segment, names);
  return buf.subarray(5, end);
}
