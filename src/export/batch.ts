import type { Segment } from '../model/segment';
import { GRPC_PREFIX_BYTES } from '../model/limits';
import { isCompatible, type Names } from '../model/names';
import type { EncodedBatch, Position, SegmentCodec } from './ports';

/** Segments that were encoded with the same names. */
export class Batch implements EncodedBatch {
  private from = 0;

  constructor(
    private readonly all: Buffer,
    private left: number,
    private readonly codec: SegmentCodec,
    /** Those that they were encoded with. */
    private readonly names: Names,
    readonly end: Position,
  ) {}

  /** The segments that are still in it. */
  get count(): number {
    return this.left;
  }

  get bytes(): Buffer {
    return this.all.subarray(this.from);
  }

  /** All that its bytes are in: those that were removed, and what was left over. */
  get buffer(): Buffer {
    return Buffer.from(this.all.buffer);
  }

  matches(names: Names): boolean {
    return isCompatible(this.names, names);
  }

  /** The oldest as it is, with its prefix. */
  get oldestBytes(): Buffer {
    return this.all.subarray(this.from, this.secondAt);
  }

  /** Decoded again, by names. Throws if that fails. */
  oldest(): Segment {
    return this.codec.decode(this.oldestBytes.subarray(GRPC_PREFIX_BYTES), this.names);
  }

  removeOldest(): void {
    this.from = this.secondAt;
    this.left--;
  }

  /** Removes as many of the oldest as fit into `maxBytes`, and returns their bytes. */
  takeUpTo(maxBytes: number): Buffer {
    const { from } = this;
    while (this.left > 0 && this.secondAt - from <= maxBytes) this.removeOldest();
    return this.all.subarray(from, this.from);
  }

  private get secondAt(): number {
    return this.from + GRPC_PREFIX_BYTES + this.all.readUInt32BE(this.from + 1);
  }
}
