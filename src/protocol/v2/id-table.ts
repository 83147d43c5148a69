/**
 * The ids of one epoch, both ways. Whoever has encoded something with them keeps them for the way back: they outlive
 * their epoch unchanged, since a dictionary that forgets goes on to others instead of emptying these. At most as many as
 * the dictionary admits.
 */
export class IdTable {
  /** An id, or 0 while it is asked for. */
  private readonly idOf = new Map<string, number>();
  private readonly name = new Map<number, string>();

  /** `undefined`: the name is not admitted; 0: it has no id yet. */
  get(name: string): number | undefined {
    return this.idOf.get(name);
  }

  nameOf(id: number): string | undefined {
    return this.name.get(id);
  }

  admit(name: string): void {
    this.idOf.set(name, 0);
  }

  /** @returns whether the id is the name's now; no two names have one */
  assign(name: string, id: number): boolean {
    if (this.name.has(id)) return false;
    this.idOf.set(name, id);
    this.name.set(id, name);
    return true;
  }

  get admitted(): number {
    return this.idOf.size;
  }

  get known(): number {
    return this.name.size;
  }
}
