import type { KnownHeader } from './known-header';

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
}
