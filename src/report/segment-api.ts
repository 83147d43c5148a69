import type { Outcome } from '../base/outcome';
import type { Segment } from '../trace/segment';

/** What the reporter needs of a backend; `wire` fits it by shape. */
export interface SegmentApi {
  /**
   * Opens a stream for one batch. `retryable`: nothing was sent. `failed`: the backend refuses, or is not the one
   * that gave out our ids.
   */
  open(signal: AbortSignal): Promise<Outcome<SegmentStream>>;
  /**
   * For a process that ends now: hands segments to the operating system, as many as it can without waiting for
   * anything, and whatever was written before.
   *
   * @returns how many, the first of them; nobody will hear their fate
   */
  writeNow(segments: readonly Segment[]): number;
}

export interface SegmentStream {
  /**
   * Encodes the segments with the ids of now and writes them; resolves when the transport takes more. `false`: the
   * ids have changed or the stream is broken, none of these segments was written.
   */
  write(segments: readonly Segment[]): Promise<boolean>;
  /**
   * Ends the stream and waits for its fate, which is that of every segment written to it. `ok`: the backend has them.
   * `retryable`: the backend certainly has none of them. `failed`: unknown or refused.
   */
  end(): Promise<Outcome<undefined>>;
}
