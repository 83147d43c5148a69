import protobuf from 'protobufjs';

/**
 * Reads strings as the real server does: bytes that are not UTF-8, such as those of a lone surrogate, make the whole
 * message unreadable. protobufjs would put U+FFFD in their place.
 */
export class StrictReader extends protobuf.BufferReader {
  private static readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  override string(): string {
    return StrictReader.utf8.decode(this.bytes());
  }
}
