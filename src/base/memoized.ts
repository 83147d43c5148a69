import { copyOf } from './text';

/** Longer texts are seldom the same again. */
const MAX_LENGTH = 128;

/**
 * Remembers what the first texts came to, as many as `most`: for texts of which there are few, and that come always again.
 * None is forgotten for another: a flood of different texts, a caller's perhaps, would push out those that come again, and
 * each of it would cost a copy besides. Beyond the first, a text costs what `make` does, no more.
 */
export function memoized<R>(make: (text: string) => R, most = 512): (text: string) => R {
  const known = new Map<string, R>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size >= most || text.length > MAX_LENGTH) return make(text);
    const own = copyOf(text);
    const made = make(own);
    known.set(own, made);
    return made;
  };
}

/** Remembers what the last two values came to, since mostly the next ones are the same: comparing costs less than making. */
export class MemoizedLast<A, B, R> {
  private result: { readonly a: A; readonly b: B; readonly made: R } | undefined;

  constructor(private readonly make: (a: A, b: B) => R) {}

  get(a: A, b: B): R {
    const { result } = this;
    if (result && result.a === a && result.b === b) return result.made;
    const made = this.make(a, b);
    this.result = { a, b, made };
    return made;
  }
}
