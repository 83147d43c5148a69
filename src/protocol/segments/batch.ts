import type { Segment } from '../../model/segment';
import { PREFIX } from '../../transport/call/frame';
import { isCompatible, type Names } from '../../model/names';
import type { SegmentCodec } from '../protobuf/fast/segment-codec';

/** Encoded segments, one gRPC message behind the other. */
export class Batch<N extends Names = Names> {
  private from = 0;

  constructor(
    private readonly all: Buffer,
    private left: number,
    private readonly codec: SegmentCodec<N>,
    /** Those that they were encoded with. */
    private readonly names: N,
    private readonly namesOfNow: () => Names | undefined,
  ) {}

  get count(): number {
    return this.left;
  }

  get bytes(): Buffer {
    return this.all.subarray(this.from);
  }

  get matchesRegistration(): boolean {
    const now = this.namesOfNow();
    return now !== undefined && isCompatible(this.names, now);
  }

  /** Decoded again, by names. Throws if that fails. */
  oldest(): Segment {
    return this.codec.read(this.all.subarray(this.from + PREFIX, this.secondAt), this.names);
  }

  dropOldest(): void {
    this.from = this.secondAt;
    this.left--;
  }

  /** As many of the oldest as there is room for, in bytes; they are in it no more. */
  takeUpTo(room: number): Buffer {
    const { from } = this;
    while (this.left > 0 && this.secondAt - from <= room) this.dropOldest();
    return this.all.subarray(from, this.from);
  }

  private get secondAt(): number {
    return this.from + PREFIX + this.all.readUInt32BE(this.from + 1);
  }
}
