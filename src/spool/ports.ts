import type { Segment } from '../model/segment';

/** Writes segments by names, so that any process can read them and deliver them by either protocol. */
export interface SpoolCodec {
  /** At least as many bytes as `encode` will take. */
  maxSize(segment: Segment): number;
  /** Writes one record with the five bytes of a gRPC message before it; returns the position after it. */
  encode(buf: Buffer, pos: number, segment: Segment): number;
  /**
   * Reads what `encode` wrote, without those five bytes. Throws if it cannot be read.
   *
   * @param isOwn whether this very process wrote it: what belongs to its registration of then means nothing to another
   */
  decode(record: Buffer, isOwn: boolean): Segment;
}

/** Under whose names segments arrive. */
export interface SegmentSource {
  readonly service: string;
  readonly instance: string;
}

/**
 * What became of segments that were handed to the backend. `stored`: it has them. `untouched`: it certainly has none of
 * them. `unknown`: it has all, a part or none. `refused`: it will never take them.
 */
export type DeliveryFate = 'stored' | 'untouched' | 'unknown' | 'refused';

/** What takes one block of a spool after the other. */
export interface BlockTransport {
  /** Delivers segments under the names of the process that recorded them; iterates over them once. Never rejects. */
  deliver(segments: Iterable<Segment>, source: SegmentSource, signal: AbortSignal): Promise<DeliveryFate>;
}

/** The way from a spool to the backend. */
export interface SpoolTransport extends BlockTransport {
  /** Whether a backend is there that takes segments now. */
  readonly isReady: boolean;
}
