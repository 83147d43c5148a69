import type { Segment } from '../model/segment';
import type { Clock } from '../base/clock';
import { GrowingBuffer } from '../base/growing-buffer';
import { MAX_MESSAGE_BYTES } from '../model/limits';
import { BLOCK_HEADER_BYTES, sealBlock } from './block';
import { crc32c } from './crc32c';
import { shouldSeal, type SealLimits } from './policies';
import type { SpoolCodec } from './ports';

export interface SealedBlock {
  readonly bytes: Buffer;
  readonly count: number;
}

/** The block that is being filled: encodes segments as they come. */
export class BlockBuilder {
  private readonly buffer = new GrowingBuffer(BLOCK_HEADER_BYTES);
  private count = 0;
  /** CRC-32C of the body so far: over a whole block at once it would hold up the event loop, the first time for milliseconds. */
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

  /** Keeps nothing of the segment, which may be encoded already. @returns false: it cannot be encoded */
  append(segment: Segment | Buffer): boolean {
    const { buffer } = this;
    const { pos } = buffer;
    try {
      const end = Buffer.isBuffer(segment)
        ? pos + segment.copy(buffer.room(segment.length), pos)
        : this.encode(segment);
      if (end - pos > MAX_MESSAGE_BYTES) return false;
      this.crc = crc32c(buffer.room(0), pos, end, this.crc);
      buffer.pos = end;
    } catch {
      // What a span holds came from the application; whatever it is, the segments around it go on.
      return false;
    }
    if (this.count++ === 0) this.openedAt = this.clock.elapsed();
    return true;
  }

  private encode(segment: Segment): number {
    const { buffer, codec } = this;
    const bound = codec.maxSize(segment);
    // The bound reckons with three bytes a character, so past this even ASCII is too large.
    return bound > 3 * MAX_MESSAGE_BYTES ? Infinity : codec.encode(buffer.room(bound), buffer.pos, segment);
  }

  get isDue(): boolean {
    const { count, limits } = this;
    const ageMs = count > 0 ? this.clock.elapsed() - this.openedAt : 0;
    return shouldSeal({ bytes: this.buffer.pos - BLOCK_HEADER_BYTES, count, ageMs }, limits);
  }

  /** Everything in it, as one block; it begins anew. */
  seal(): SealedBlock | undefined {
    const { buffer, count, crc } = this;
    if (count === 0) return undefined;
    this.count = 0;
    this.crc = 0;
    return { bytes: sealBlock(buffer.take(), { kind: 'segments', count, time: this.clock.now() }, crc), count };
  }
}
