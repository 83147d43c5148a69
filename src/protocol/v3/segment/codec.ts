import { maxSegmentSize } from '../../protobuf/fast/max-size';
import type { SegmentCodec } from '../../../export/ports';
import type { V3Names } from '../../../model/names';
import { readV3Segment, writeV3Segment } from './segment';
import { v2Refs } from './ref';

export const v3SegmentCodec: SegmentCodec<V3Names> = {
  maxSize: maxSegmentSize,
  encode: writeV3Segment,
  decode: readV3Segment,
  countUnusableRefs: v2Refs,
};
