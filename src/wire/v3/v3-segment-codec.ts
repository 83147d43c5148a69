import { boundOfSegment } from '../encode/segment-bound';
import type { SegmentCodec } from '../encode/segment-codec';
import type { V3Names } from '../names';
import { readSegment } from './decode-segment';
import { v2Refs } from './encode-ref';
import { writeSegment } from './encode-segment';

export const v3SegmentCodec: SegmentCodec<V3Names> = {
  boundOf: boundOfSegment,
  write: writeSegment,
  read: readSegment,
  leftOutOf: v2Refs,
};
