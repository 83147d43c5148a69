import type { Segment } from '../../../src/trace/segment';
import { boundOfSegment } from '../../../src/wire/encode/segment-bound';
import type { V2Names, V3Names } from '../../../src/wire/names';
import { writeSegment as writeV2 } from '../../../src/wire/v2/encode-segment';
import { writeSegment as writeV3 } from '../../../src/wire/v3/encode-segment';

/** What a segment is on the wire, without the five bytes before it. */
export function messageOf(segment: Segment, names: V2Names | V3Names): Buffer {
  // Twice, since a name here may hold the whole of a method that the bound reckons with once.
  const buf = Buffer.alloc(2 * boundOfSegment(segment));
  const end = names.protocol === 'v2' ? writeV2(buf, 0, segment, names) : writeV3(buf, 0, segment, names);
  return buf.subarray(5, end);
}
