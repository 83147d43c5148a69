import type { Row } from './row';

export type Commit = readonly Row[];

/**
 * Where the rows are, seen by one of several who write at the same time: an ordered list of commits, whose number is
 * the version. There is no lock: a writer names the version that it has seen, and starts over if there is a
 * later one.
 */
export interface Store {
  /** Finds the storage as it is now. Called whenever a backend starts. */
  open(): Promise<void>;
  /** The commits after `version`, oldest first. */
  read(version: number): Promise<readonly Commit[]>;
  /**
   * Compare-and-set: makes `commit` the one that follows `version`, durable when the promise resolves. `false`: another
   * commit does already, and nothing was written.
   */
  commit(version: number, commit: Commit): Promise<boolean>;
  /** Forgets everything. Who has it open goes on with what it knows, and can write no more until it opens again. */
  clear(): Promise<void>;
}

/** Storage that lives as long as the process. */
export class MemoryStore implements Store {
  private commits: Commit[] = [];

  open(): Promise<void> {
    return Promise.resolve();
  }

  read(version: number): Promise<readonly Commit[]> {
    return Promise.resolve(this.commits.slice(version));
  }

  commit(version: number, commit: Commit): Promise<boolean> {
    if (version !== this.commits.length) return Promise.resolve(false);
    this.commits.push(commit);
    return Promise.resolve(true);
  }

  clear(): Promise<void> {
    this.commits = [];
    return Promise.resolve();
  }
}
