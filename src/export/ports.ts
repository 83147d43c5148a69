import type { Outcome } from '../base/outcome';
import type { Segment } from '../model/segment';

/**
 * What came of encoding a segment. `full`: nothing, what was encoded before it is to be taken first. `not-now`: nothing,
 * no backend knows us, so nobody can say how.
 */
export type Encoding = 'encoded' | 'full' | 'not-now' | 'not-encodable';

/** Segments, encoded one behind the other, at most 2,048; its maker alone knows how. */
export interface Batch {
  /** Those that are still in it. */
  readonly count: number;
  readonly bytes: Buffer;
  /** It may go as it is: the ids of now are those that it was encoded with. */
  readonly matchesRegistration: boolean;
  /** Decoded again, by names. Throws if that fails. */
  oldest(): Segment;
  dropOldest(): void;
  /** The bytes of as many of the oldest as there is room for; they are in it no more. */
  takeUpTo(room: number): Buffer;
}

/** What the reporter needs of a backend; `wire` fits it by shape. */
export interface SegmentPort {
  /** Encodes a segment with the ids of now, behind those that were encoded before. Nothing keeps the segment. */
  encode(segment: Segment): Encoding;
  /** All that was encoded since it was last asked for; `undefined`: nothing. */
  take(): Batch | undefined;
  /**
   * Opens a stream for some batches. `retryable`: nothing was sent. `failed`: the backend refuses, or is not the one
   * that gave out our ids.
   */
  open(signal: AbortSignal): Promise<Outcome<SegmentStream>>;
  /**
   * For a process that ends now: hands segments to the operating system, as many as it can without waiting for
   * anything, and whatever was written before. What is still in the batches afterwards was not written.
   *
   * @returns how many; nobody will hear their fate
   */
  writeNow(batches: readonly Batch[]): number;
}

export interface SegmentStream {
  /** Resolves when the transport takes more. `false`: it is not current or the stream is broken, nothing was written. */
  write(batch: Batch): Promise<boolean>;
  /**
   * Ends the stream and waits for its fate, which is that of every segment written to it. `ok`: the backend has them.
   * `retryable`: the backend certainly has none of them. `failed`: unknown or refused.
   */
  end(): Promise<Outcome<undefined>>;
}
