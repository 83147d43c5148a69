const TWO_28 = 2 ** 28;

/**
 * Walks through a stretch of bytes that this agent wrote. Not the `Reader` of protobufjs: past 2^53 that one rounds
 * where there is no `Long`, and it takes a number cut short for a whole one. Throws at what it cannot read.
 */
export class Cursor {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  /** A varint of whichever kind, sign-extended from 64 bits; within the safe integers. */
  number(): number {
    const low = this.group();
    return this.goesOn() ? this.high() * TWO_28 + low : low;
  }

  /** An int64. */
  bigint(): bigint {
    const low = this.group();
    return this.goesOn() ? BigInt(this.high()) * BigInt(TWO_28) + BigInt(low) : BigInt(low);
  }

  /** What has its length before it. A stretch and no `Buffer`: to make one of each would cost more than all else. */
  piece(): Cursor {
    const length = this.number();
    const from = this.at;
    if (length < 0 || length > this.end - from) throw new Error('a message is cut short');
    this.at = from + length;
    return new Cursor(this.bytes, from, this.at);
  }

  /** All that is left, as text. Halves of pairs are U+FFFD by now. */
  text(): string {
    return this.bytes.toString('utf8', this.at, this.end);
  }

  /** All that is left; not a copy. */
  rest(): Buffer {
    return this.bytes.subarray(this.at, this.end);
  }

  /** All but the lowest 28 of 64 bits. */
  private high(): number {
    const middle = this.group();
    if (!this.goesOn()) return middle;
    const top = this.group();
    if (this.goesOn() || top > 0xff) throw new Error('a number has more than 64 bits');
    return ((top << 24) >> 24) * TWO_28 + middle;
  }

  /** Four bytes of a number, so 28 bits, or what there is of it. */
  private group(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.at === this.end) throw new Error('a number is cut short');
      const byte = this.bytes[this.at++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  }

  /** Whether the number of which a group was just read has more of them. */
  private goesOn(): boolean {
    return (this.bytes[this.at - 1] as number) > 127;
  }
}
