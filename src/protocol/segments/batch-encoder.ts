import type { Log } from '../../base/log';
import type { Segment } from '../../model/segment';
import { Batch } from './batch';
import type { SegmentEncoder } from '../protobuf/fast/segment-encoder';
import { isCompatible, type Names, type V2Names, type V3Names } from '../../model/names';

/**
 * From so many bytes on a batch takes no more. Few large writes cost a fraction of many small ones; how much of one goes
 * at a stretch is for HTTP/2's windows to say.
 */
const FULL = 768 * 1024;
/** As many as the reporter puts on a stream: each write costs as much as encoding hundreds of segments. */
const MOST = 2_048;

export interface BatchEncoderOptions {
  readonly log: Log;
  readonly v2: SegmentEncoder<V2Names>;
  readonly v3: SegmentEncoder<V3Names>;
  /** What the backend knows us by now. */
  names(): Names | undefined;
}

/** What came of encoding a segment: see the reporter's port. */
type Encoding = 'encoded' | 'full' | 'not-now' | 'not-encodable';

/** Encodes segments as they come, in the words of the backend that knows us now. */
export class BatchEncoder {
  /** Those that the open batch is encoded with. */
  private names: Names | undefined;
  private count = 0;
  private bytes = 0;

  constructor(private readonly options: BatchEncoderOptions) {}

  encode(segment: Segment): Encoding {
    const names = this.options.names();
    if (names === undefined) return 'not-now';
    if (this.count > 0 && (this.bytes >= FULL || this.count >= MOST || !this.goOnWith(names))) return 'full';
    this.names = names;
    const { v2, v3 } = this.options;
    return names.protocol === 'v2' ? this.append(v2, segment, names) : this.append(v3, segment, names);
  }

  /** All that was encoded since the last time. */
  take(): Batch<V2Names> | Batch<V3Names> | undefined {
    const { count, names } = this;
    if (count === 0 || names === undefined) return undefined;
    this.count = 0;
    this.bytes = 0;
    return names.protocol === 'v2'
      ? this.batchOf(this.options.v2, count, names)
      : this.batchOf(this.options.v3, count, names);
  }

  private goOnWith(names: Names): boolean {
    return names === this.names || (this.names !== undefined && isCompatible(this.names, names));
  }

  private append<N extends Names>(encoder: SegmentEncoder<N>, segment: Segment, names: N): Encoding {
    const { refsLeftOut } = encoder;
    const encoded = encoder.append(segment, names);
    if (encoded !== 'whole') this.options.log.warn(`a segment is too large: it went ${encoded}`);
    if (encoder.refsLeftOut > refsLeftOut) this.options.log.warn(refsLost(encoder.refsLeftOut), 'refs left out');
    if (encoded === 'left out') return 'not-encodable';
    this.count++;
    this.bytes = encoder.length;
    return 'encoded';
  }

  private batchOf<N extends Names>(encoder: SegmentEncoder<N>, count: number, names: N): Batch<N> {
    return new Batch(encoder.take(), count, encoder.codec, names, () => this.options.names());
  }
}

function refsLost(count: number): string {
  return `${count} calls so far are shown without their caller: its ids were those of before a reset, or of another backend`;
}
