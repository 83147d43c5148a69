import { maxSegmentSize } from '../../protobuf/fast/max-size';
import type { SegmentCodec } from '../../../export/ports';
import type { V2Names } from '../../../model/names';
import { readSegment, writeSegment } from './segment';
import { unusableRefs } from './ref';

export const v2SegmentCodec: SegmentCodec<V2Names> = {
  maxSize: maxSegmentSize,
  encode: writeSegment,
  decode: readSegment,
  countUnusableRefs: unusableRefs,
};
