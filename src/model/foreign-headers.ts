import { anyLongHeader, type KnownHeader } from './known-header';

/**
 * The trace headers of a caller who is not believed, as they came. Where the application hands its caller's headers on,
 * these go no further.
 */
export class ForeignHeaders {
  /** There ever were any. Where all callers are believed, as nearly everywhere, no call has to look for them. */
  static wereAny = false;

  /** @param pairs of name and value; null: it is too long to be known again, and whatever goes out by that name counts as it */
  constructor(readonly pairs: readonly (readonly [name: string, value: KnownHeader | null])[]) {
    ForeignHeaders.wereAny = true;
  }

  /**
   * For a connection, which others may use when this request is over: for as long as it lives none of them is to lose a
   * header that is not this caller's. One of those that are not known again is long, and theirs are hardly ever.
   */
  amongOthers(): ForeignHeaders {
    const isKnown = this.pairs.every(([, value]) => value !== null);
    return isKnown ? this : new ForeignHeaders(this.pairs.map(([name, value]) => [name, value ?? anyLongHeader]));
  }
}
