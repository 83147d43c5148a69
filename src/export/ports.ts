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

/** What segments are encoded with. */
export interface SegmentEncoding<N extends Names = Names> {
  readonly codec: SegmentCodec<N>;
  readonly names: N;
}

/** Where segments go, and what they are encoded with, for as long as one registration holds. */
export interface ExportTarget<N extends Names = Names> extends SegmentEncoding<N> {
  readonly sender: SegmentSender;
}

/**
 * A place in the order of a store: grows with each batch that the store hands out, and means nothing to another store.
 * 0 is before all.
 */
export type Position = number;

/** Encoded segments, one gRPC message behind the other. */
export interface EncodedBatch {
  readonly count: number;
  readonly bytes: Buffer;
  /** Behind its last segment. */
  readonly end: Position;
  /** Whether it may go as it is to a backend that knows us by these names. */
  matches(names: Names): boolean;
}

/** Takes over segments that memory has no room for, delivers them by itself, and tells what became of them. */
export interface SegmentSpool {
  /** Taken over, and their fate is not decided. */
  readonly waiting: number;
  /**
   * Keeps nothing of the segment.
   *
   * @param segment as it is, or as it was encoded by name, which the spool does alike
   * @returns `false`: the spool does not take it, and it is still the caller's
   */
  append(segment: Segment | Buffer): boolean;
  /** How many of the oldest in memory are to go to the spool now. @param awayMs for how long no backend has known us */
  spillCount(memory: { readonly waiting: number; readonly capacity: number; readonly awayMs: number }): number;
}

/**
 * Holds segments, in the order they came, until a backend has them. It has one reader, which peeks batch after batch, and
 * then acknowledges those that need not be sent again. At every moment all that were appended, and not dropped or
 * acknowledged, are either `waiting` or `inFlight`.
 */
export interface SegmentStore {
  /** Not peeked since the last acknowledgement. */
  readonly waiting: number;
  /** Peeked since then. */
  readonly inFlight: number;
  /**
   * At the end. A store that keeps segments beyond a registration encodes them with names, not with ids. The segment is the
   * store's from here on, which releases it once it is encoded.
   *
   * @returns `false`: the store does not take it, and it is still the caller's, to release and to count
   */
  append(segment: Segment): boolean;
  /**
   * The oldest that wait, at most `maxCount`, as they go to this target; from here on they are in flight. Never rejects.
   * `undefined`: none wait, the oldest batch has more, or the target is not that of now.
   */
  peek(target: ExportTarget, maxCount: number): EncodedBatch | undefined | Promise<EncodedBatch | undefined>;
  /**
   * Forgets what is before this position. What is in flight behind it waits again, in its place.
   *
   * @returns how many it forgot
   */
  acknowledge(position: Position): number;
}
