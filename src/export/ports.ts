import type { Outcome } from '../base/outcome';
import type { Names } from '../model/names';
import type { Segment } from '../model/segment';

/** How one protocol writes a segment, and reads what it wrote. Needs no connection. */
export interface SegmentCodec<N extends Names = Names> {
  /** At least as many bytes as `encode` will take. */
  maxSize(segment: Segment): number;
  /** Writes one whole gRPC message at `pos`; returns the position after it. */
  encode(buf: Buffer, pos: number, segment: Segment, names: N): number;
  /** Reads what `encode` wrote with these names, without the prefix of the message. Throws if it cannot be read. */
  decode(message: Buffer, names: N): Segment;
  /** How many refs `encode` leaves out, as this backend would drop the segment for them. */
  countUnusableRefs(segment: Segment, names: N): number;
}

/** Takes encoded segments to the backend that is connected. */
export interface SegmentSender {
  /**
   * Opens a stream for segments that were encoded with `names`, once the backend has confirmed that it knows us by them.
   * `retryable`: it could not be asked, or does not know us. `failed`: it refuses, or knows another service by our ids.
   *
   * @param signal breaks the stream off, for as long as it lives
   */
  open(names: Names, signal: AbortSignal): Promise<Outcome<SegmentStream>>;
  /**
   * For a process that ends now: hands segments to the operating system, and what was written before, without waiting
   * for anything. The backend's answer is never read.
   *
   * @param take returns encoded segments of at most that many bytes; not called if the backend has not confirmed `names`
   */
  writeNow(names: Names, take: (maxBytes: number) => Buffer): void;
}

export interface SegmentStream {
  /** Resolves when the transport takes more. `false`: the stream is broken, nothing was written. */
  write(bytes: Buffer): Promise<boolean>;
  /**
   * Ends the stream and waits for its fate, which is that of every segment written to it. `ok`: the backend has them.
   * `retryable`: the backend certainly has none of them. `failed`: unknown or refused.
   */
  end(): Promise<Outcome<undefined>>;
}

/** Where segments go, and what they are encoded with, for as long as one registration holds. */
export interface ExportTarget<N extends Names = Names> {
  readonly sender: SegmentSender;
  readonly codec: SegmentCodec<N>;
  readonly names: N;
}
