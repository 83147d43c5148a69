import type { SegmentCodec } from '../encode/segment-codec';
import { writeSegment } from './encode-segment';
import { boundOfSegment } from './segment-bound';

export const v2SegmentCodec: SegmentCodec = { boundOf: boundOfSegment, write: writeSegment };
