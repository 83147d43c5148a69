/** How much was recorded, and how much of it is no longer kept. */
export interface RecordingCount {
  readonly total: number;
  /** Left out of the list because it was full; the oldest go first. */
  readonly forgotten: number;
}

/** The newest entries of a list, up to a limit. */
export class Recording<T> {
  private kept: T[] = [];
  private total = 0;
  private forgotten = 0;

  constructor(private readonly most: number) {}

  add(item: T): void {
    this.total++;
    this.kept.push(item);
    // Cut in bulk: a shift for every item would move the whole list each time.
    if (this.kept.length >= 2 * this.most) this.cut();
  }

  items(): T[] {
    this.cut();
    return [...this.kept];
  }

  /** Those that are too old go; they were not forgotten but have expired. */
  retain(isWanted: (item: T) => boolean): void {
    this.cut();
    this.kept = this.kept.filter(isWanted);
  }

  clear(): void {
    this.kept = [];
    this.total = 0;
    this.forgotten = 0;
  }

  count(): RecordingCount {
    this.cut();
    return { total: this.total, forgotten: this.forgotten };
  }

  private cut(): void {
    const over = this.kept.length - this.most;
    if (over <= 0) return;
    this.forgotten += over;
    this.kept = this.kept.slice(over);
  }
}
