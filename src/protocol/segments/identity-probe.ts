import type { Dialect } from '../../model/dialect';
import type { Names } from '../../model/names';

/** What an answer to the question shows, other than that all is well. */
interface Mismatch {
  readonly reason: string;
  /** The backend has our names for another service: nothing that goes by our ids would ever be ours. */
  readonly isOtherService: boolean;
}

/** How one protocol finds out over a connection whether the backend knows us, and where segments go then. */
export interface IdentityProbe<N extends Names> {
  pathOf(dialect: Dialect): string;
  /**
   * Asked once on each connection, before the first segment: over that very connection, since the one for calls may have
   * ended up at another server behind the same address.
   */
  request(names: N, dialect: Dialect): { readonly path: string; readonly request: Buffer };
  /** Throws if the answer cannot be read. */
  check(answer: Buffer, names: N): Mismatch | undefined;
}
