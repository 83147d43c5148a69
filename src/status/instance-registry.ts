import { hostname } from 'node:os';
import { withNumberSuffix } from '../base/text';
import { Liveness } from './liveness';
import { ownIdentity, type ProcessIdentity } from './process-identity';
import { namesOf, type StatusEntries, type StatusEntry } from './status-entry';

export interface InstanceRegistryOptions {
  /** Tells our entry from all others, whatever name it goes by. */
  readonly token: string;
  /** Milliseconds since 1970, by the clock that all who share the file have in common. */
  fileNow(): number;
}

/** Who is in the status file, as one of them sees it. */
export class InstanceRegistry {
  private readonly host = hostname();
  private identity: ProcessIdentity | undefined;

  constructor(private readonly options: InstanceRegistryOptions) {}

  /** The lowest number that nobody who lives has. */
  async freeName(baseName: string, entries: StatusEntries): Promise<string> {
    for (let count = 1; ; count++) {
      const name = withNumberSuffix(baseName, count);
      const entry = entries.get(name);
      if (!entry || this.isOwn(entry) || !(await this.isLive(entry))) return name;
    }
  }

  /**
   * Where to be entered for one whose name is another's, who lives. No instance name has a blank, so that this is
   * nobody's.
   */
  async conflictKey(name: string, entries: StatusEntries): Promise<string> {
    const place = `${name} (pid ${process.pid})`;
    const entry = entries.get(place);
    // Two containers of one pod are both pid 1.
    if (entry && !this.isOwn(entry) && (await this.isLive(entry))) return `${place} ${this.options.token}`;
    return place;
  }

  /** Whatever name it goes by. @returns undefined: it is not there */
  withoutOwn(entries: StatusEntries): StatusEntries | undefined {
    const others = [...entries].filter(([, entry]) => !this.isOwn(entry));
    return others.length < entries.size ? new Map(others) : undefined;
  }

  isOwn({ token }: StatusEntry): boolean {
    return token === this.options.token;
  }

  async isLive(entry: StatusEntry): Promise<boolean> {
    if (this.isOwn(entry)) return true;
    const liveness = new Liveness(this.host, await this.ownIdentity());
    return liveness.isLive(entry, this.options.fileNow());
  }

  /** What tells the others that we live. */
  async livenessFields(): Promise<StatusEntry & { readonly pid: number; readonly host: string }> {
    const { start: processStart, pidSpace } = await this.ownIdentity();
    return { pid: process.pid, host: this.host, token: this.options.token, processStart, pidSpace };
  }

  /**
   * The names of the dead that it falls to us to clear away. Exactly one does that: the first of the sorted list of the
   * living, which is the same list for everybody.
   */
  async staleEntries(ownName: string, entries: StatusEntries): Promise<string[]> {
    const dead: string[] = [];
    for (const name of namesOf(entries)) {
      const entry = entries.get(name);
      if (name === ownName || !entry) continue;
      if (!(await this.isLive(entry))) dead.push(name);
      else if (name < ownName) return [];
    }
    return dead;
  }

  private async ownIdentity(): Promise<ProcessIdentity> {
    return (this.identity ??= await ownIdentity());
  }
}
