import type { Verb } from './verb';

/** The verbs that there are. Nothing from the file is run that is not in here. */
export class Verbs {
  private readonly verbs = new Map<string, Verb>();
  private readonly listeners = new Set<() => void>();

  /** @returns takes the verb away again; undefined if there is one of this name already */
  add(verb: Verb): (() => void) | undefined {
    if (this.verbs.has(verb.name)) return undefined;
    this.verbs.set(verb.name, verb);
    for (const listener of this.listeners) listener();
    return () => {
      if (this.verbs.get(verb.name) === verb) this.verbs.delete(verb.name);
    };
  }

  get(name: string): Verb | undefined {
    return this.verbs.get(name);
  }

  /** Sorted. */
  names(): string[] {
    return [...this.verbs.keys()].sort();
  }

  /** @returns the listener hears of verbs that are added, until this is called */
  onAdded(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
