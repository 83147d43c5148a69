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
