import { maxSegmentSize } from '../../protobuf/fast/max-size';
import type { SegmentCodec } from '../../protobuf/fast/segment-codec';
import type { V2Names } from '../../../model/names';
import { readSegment, writeSegment } from './segment';
import { unusableRefs } from './ref';

export const v2SegmentCodec: SegmentCodec<V2Names> = {
  boundOf: maxSegmentSize,
  write: writeSegment,
  read: readSegment,
  leftOutOf: unusableRefs,
};
