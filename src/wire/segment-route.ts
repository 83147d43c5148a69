import type { SegmentEncoder } from './encode/segment-encoder';
import type { Dialect } from './dialect';
import type { Names } from './names';

/** What an answer to the question shows, other than that all is well. */
export interface Doubt {
  readonly reason: string;
  /** The backend has our names for somebody else: nothing that goes by our ids would ever be ours. */
  readonly isForeign: boolean;
}

/** How segments reach a backend in one protocol. */
export interface SegmentRoute<N extends Names> {
  readonly encoder: SegmentEncoder<N>;
  pathOf(dialect: Dialect): string;
  /**
   * Asked once on each connection, before the first segment: over that very connection, since the one for calls may have
   * ended up at another server behind the same address.
   */
  question(names: N, dialect: Dialect): { readonly path: string; readonly request: Buffer };
  /** Throws if the answer cannot be read. */
  doubt(answer: Buffer, names: N): Doubt | undefined;
}
