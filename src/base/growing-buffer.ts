const FIRST_BYTES = 64 * 1024;
/** A buffer that a larger one than this was needed for is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** One buffer that is written to, piece behind piece, and used again and again. It doubles as needed. */
export class GrowingBuffer {
  /** Where the next piece begins. */
  pos: number;
  private buf: Buffer | undefined;

  /** @param reserved bytes at the beginning that are left free */
  constructor(private readonly reserved = 0) {
    this.pos = reserved;
  }

  /** The buffer, with this much room at `pos`. */
  room(bytes: number): Buffer {
    const needed = this.pos + bytes;
    if (this.buf && this.buf.length >= needed) return this.buf;
    let size = this.buf?.length ?? FIRST_BYTES;
    while (size < needed) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    this.buf?.copy(grown, 0, 0, this.pos);
    return (this.buf = grown);
  }

  /** Everything before `pos`, in a buffer of its own, or in `used` if that has room. Begins anew. */
  take(used?: Buffer): Buffer {
    const { pos } = this;
    const own = used && used.length >= pos ? used : Buffer.allocUnsafeSlow(pos);
    this.room(0).copy(own, 0, 0, pos);
    this.clear();
    return own.length === pos ? own : own.subarray(0, pos);
  }

  clear(): void {
    this.pos = this.reserved;
    if (this.buf && this.buf.length > MAX_KEPT_BYTES) this.buf = undefined;
  }
}
