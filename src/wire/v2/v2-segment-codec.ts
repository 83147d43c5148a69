import { boundOfSegment } from '../encode/segment-bound';
import type { SegmentCodec } from '../encode/segment-codec';
import type { V2Names } from '../names';
import { readSegment } from './decode-segment';
import { unusableRefs } from './encode-ref';
import { writeSegment } from './encode-segment';

export const v2SegmentCodec: SegmentCodec<V2Names> = {
  boundOf: boundOfSegment,
  write: writeSegment,
  read: readSegment,
  leftOutOf: unusableRefs,
};
