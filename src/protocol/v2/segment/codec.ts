import { maxSegmentSize } from '../../protobuf/fast/max-size';
import type { SegmentCodec } from '../../../export/ports';
import type { V2Names } from '../../../model/names';
import { readV2Segment, writeV2Segment } from './segment';
import { unusableRefs } from './ref';

export const v2SegmentCodec: SegmentCodec<V2Names> = {
  maxSize: maxSegmentSize,
  encode: writeV2Segment,
  decode: readV2Segment,
  countUnusableRefs: unusableRefs,
};
