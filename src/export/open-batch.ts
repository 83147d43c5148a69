import type { Log } from '../base/log';
import { MAX_SEGMENTS_PER_STREAM } from '../model/limits';
import { isCompatible } from '../model/names';
import type { Segment } from '../model/segment';
import { Batch } from './batch';
import type { ExportTarget } from './ports';
import { SegmentEncoder } from './segment-encoder';

/**
 * A batch of this many bytes takes no more segments. Few large writes cost a fraction of many small ones; how much of one goes
 * at a stretch is for HTTP/2's windows to say.
 */
const MAX_BATCH_BYTES = 768 * 1024;

/** What came of encoding a segment. `full`: nothing; the batch has to be closed first. */
export type Encoding = 'encoded' | 'full' | 'not-encodable';

/** The batch that is being filled: encodes segments as they come. */
export class OpenBatch {
  private readonly encoder = new SegmentEncoder();
  /** What the segments in it are encoded with. */
  private target: ExportTarget | undefined;
  private count = 0;

  constructor(private readonly log: Log) {}

  /** Encodes a segment behind those that are in it. Keeps nothing of the segment. */
  append(segment: Segment, target: ExportTarget): Encoding {
    if (this.count > 0 && this.isFullFor(target)) return 'full';
    this.target = target;
    const { encoder } = this;
    const { refsLeftOut } = encoder;
    const encoded = encoder.append(segment, target.codec, target.names);
    if (encoded !== 'whole') this.log.warn(`a segment is too large: it went ${encoded}`);
    if (encoder.refsLeftOut > refsLeftOut) this.log.warn(refsLost(encoder.refsLeftOut), 'refs left out');
    if (encoded === 'left out') return 'not-encodable';
    this.count++;
    return 'encoded';
  }

  /** Everything in it, as one batch; it begins anew. */
  close(): Batch | undefined {
    const { count, target } = this;
    if (count === 0 || target === undefined) return undefined;
    this.count = 0;
    return new Batch(this.encoder.take(), count, target.codec, target.names);
  }

  private isFullFor(target: ExportTarget): boolean {
    return (
      this.encoder.length >= MAX_BATCH_BYTES ||
      this.count >= MAX_SEGMENTS_PER_STREAM ||
      (target !== this.target && !(this.target && isCompatible(this.target.names, target.names)))
    );
  }
}

function refsLost(count: number): string {
  return `${count} calls so far are shown without their caller: its ids were those of before a reset, or of another backend`;
}
