import protobuf from 'protobufjs';

const LONGEST_VARINT = 10;

/**
 * Reads as the real server does. A text whose bytes are not UTF-8, such as those of a lone surrogate, makes the whole
 * message unreadable, where protobufjs would put U+FFFD in its place; a number ends where it says it does, where protobufjs
 * takes every one of more than five bytes for one of ten.
 */
export class StrictReader extends protobuf.BufferReader {
  private static readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  override string(): string {
    return StrictReader.utf8.decode(this.bytes());
  }

  /** The low 32 bits. Tags, lengths, int32, bool and enums are read by this. */
  override uint32(): number {
    let value = 0;
    for (let index = 0; index < LONGEST_VARINT; index++) {
      const byte = this.buf[this.pos++];
      if (byte === undefined) throw new RangeError('the message ends in the middle of a number');
      if (index < 5) value |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return value >>> 0;
    }
    throw new Error('a number of more than ten bytes');
  }

  /** @param length without it: a number */
  override skip(length?: number): this {
    if (length === undefined) this.uint32();
    else super.skip(length);
    return this;
  }
}
