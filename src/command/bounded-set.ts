/** Remembers the last so many values. */
export class BoundedSet<T> {
  private readonly values = new Set<T>();

  constructor(private readonly most: number) {}

  add(value: T): void {
    this.values.delete(value);
    this.values.add(value);
    if (this.values.size <= this.most) return;
    const oldest = this.values.values().next();
    if (!oldest.done) this.values.delete(oldest.value);
  }

  has(value: T): boolean {
    return this.values.has(value);
  }

  /** Forgets all but those that `isKept` says. */
  keep(isKept: (value: T) => boolean): void {
    for (const value of this.values) if (!isKept(value)) this.values.delete(value);
  }
}
