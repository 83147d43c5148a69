import type { Segment } from '../model/segment';
import { GRPC_PREFIX_BYTES } from '../model/limits';
import { isCompatible, type Names } from '../model/names';
import type { SegmentCodec } from './ports';

/** Encoded segments, one gRPC message behind the other. */
export class Batch {
  private from = 0;

  constructor(
    private readonly all: Buffer,
    private left: number,
    private readonly codec: SegmentCodec,
    /** Those that they were encoded with. */
    private readonly names: Names,
  ) {}

  /** The segments that are still in it. */
  get count(): number {
    return this.left;
  }

  get bytes(): Buffer {
    return this.all.subarray(this.from);
  }

  /** Whether it may go as it is to a backend that knows us by these names. */
  matches(names: Names): boolean {
    return isCompatible(this.names, names);
  }

  /** Decoded again, by names. Throws if that fails. */
  oldest(): Segment {
    return this.codec.decode(this.all.subarray(this.from + GRPC_PREFIX_BYTES, this.secondAt), this.names);
  }

  dropOldest(): void {
    this.from = this.secondAt;
    this.left--;
  }

  /** Removes as many of the oldest as fit into `maxBytes`, and returns their bytes. */
  takeUpTo(maxBytes: number): Buffer {
    const { from } = this;
    while (this.left > 0 && this.secondAt - from <= maxBytes) this.dropOldest();
    return this.all.subarray(from, this.from);
  }

  private get secondAt(): number {
    return this.from + GRPC_PREFIX_BYTES + this.all.readUInt32BE(this.from + 1);
  }
}
