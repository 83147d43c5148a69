import type { Commit, Store } from './store';

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
