import type { Segment } from '../model/segment';
import type { Clock } from '../base/clock';
import { BLOCK_HEADER_BYTES, sealBlock } from './block';
import { crc32c } from './crc32c';
import { shouldSeal, type SealLimits } from './policies';
import type { SpoolCodec } from './ports';

export interface SealedBlock {
  readonly bytes: Buffer;
  readonly count: number;
}

/** What a gRPC server takes by default: a larger segment would be refused later. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;
/** A buffer that a larger segment was needed for is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** The block that is being filled: encodes segments as they come. */
export class BlockBuilder {
  private buf: Buffer | undefined;
  private pos = BLOCK_HEADER_BYTES;
  private count = 0;
  /** Of the body so far: over a whole block at once it would hold up the event loop, the first time for milliseconds. */
  private crc = 0;
  private openedAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly codec: SpoolCodec,
    private readonly limits: SealLimits,
  ) {}

  get segments(): number {
    return this.count;
  }

  /** Keeps nothing of the segment. @returns false: it cannot be encoded */
  append(segment: Segment): boolean {
    const { codec, pos } = this;
    try {
      const bound = codec.maxSize(segment);
      // The bound reckons with three bytes a character, so past this even ASCII is too large.
      if (bound > 3 * MAX_RECORD_BYTES) return false;
      const end = codec.encode(this.room(bound), pos, segment);
      if (end - pos > MAX_RECORD_BYTES) return false;
      this.crc = crc32c(this.room(0), pos, end, this.crc);
      this.pos = end;
    } catch {
      // What a span holds came from the application; whatever it is, the segments around it go on.
      return false;
    }
    if (this.count++ === 0) this.openedAt = this.clock.elapsed();
    return true;
  }

  get isDue(): boolean {
    const { count, limits } = this;
    const ageMs = count > 0 ? this.clock.elapsed() - this.openedAt : 0;
    return shouldSeal({ bytes: this.pos - BLOCK_HEADER_BYTES, count, ageMs }, limits);
  }

  /** Everything in it, as one block; it begins anew. */
  seal(): SealedBlock | undefined {
    const { buf, count, crc, pos } = this;
    if (!buf || count === 0) return undefined;
    this.pos = BLOCK_HEADER_BYTES;
    this.count = 0;
    this.crc = 0;
    const bytes = Buffer.from(buf.subarray(0, pos));
    if (buf.length > MAX_KEPT_BYTES) this.buf = undefined;
    return { bytes: sealBlock(bytes, { kind: 'segments', count, time: this.clock.now() }, crc), count };
  }

  private room(bytes: number): Buffer {
    const needed = this.pos + bytes;
    if (this.buf && this.buf.length >= needed) return this.buf;
    let size = this.buf?.length ?? FIRST_BYTES;
    while (size < needed) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    this.buf?.copy(grown, 0, 0, this.pos);
    return (this.buf = grown);
  }
}
