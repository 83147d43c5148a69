import { maxSegmentSize } from '../../protobuf/fast/max-size';
import type { SegmentCodec } from '../../../export/ports';
import type { V3Names } from '../../../model/names';
import { readSegment, writeSegment } from './segment';
import { v2Refs } from './ref';

export const v3SegmentCodec: SegmentCodec<V3Names> = {
  maxSize: maxSegmentSize,
  encode: writeSegment,
  decode: readSegment,
  countUnusableRefs: v2Refs,
};
