import { maxSegmentSize } from '../../protobuf/fast/max-size';
import type { SegmentCodec } from '../../protobuf/fast/segment-codec';
import type { V3Names } from '../../../model/names';
import { readSegment, writeSegment } from './segment';
import { v2Refs } from './ref';

export const v3SegmentCodec: SegmentCodec<V3Names> = {
  boundOf: maxSegmentSize,
  write: writeSegment,
  read: readSegment,
  leftOutOf: v2Refs,
};
