import type { Segment } from '../../../model/segment';
import type { Names } from '../../../model/names';

/** How one protocol writes a segment, and reads what it wrote. */
export interface SegmentCodec<N extends Names> {
  /** At least as many bytes as `write` will take. */
  boundOf(segment: Segment): number;
  /** Writes one whole gRPC message at `pos`; returns the position after it. */
  write(buf: Buffer, pos: number, segment: Segment, names: N): number;
  /** What `write` wrote with these names, without the five bytes before the message. Throws if it cannot be read. */
  read(message: Buffer, names: N): Segment;
  /** So many refs it leaves out, as this backend would drop the segment for them. Absent: it never does. */
  leftOutOf?(segment: Segment, names: N): number;
}
