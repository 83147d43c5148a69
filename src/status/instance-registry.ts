import { hostname } from 'node:os';
import { withNumberSuffix } from '../base/text';
import { Liveness, ownIdentity, type ProcessIdentity } from './liveness';
import { namesOf, type StatusEntries, type StatusEntry, fitEntry, type StatusStore } from './status-store';
import { toIso } from '../base/time';
import type { Log } from '../base/log';

interface InstanceRegistryOptions {
  /** Tells our entry from all others, whatever name it goes by. */
  readonly token: string;
  /** Milliseconds since 1970, by the clock that all processes sharing the file have in common. */
  fileNow(): number;
}

/** The instances in the status file, seen from one of them. */
export class InstanceRegistry {
  private readonly host = hostname();
  private identity: ProcessIdentity | undefined;

  constructor(private readonly options: InstanceRegistryOptions) {}

  /** The name with the lowest number that no live process has. */
  async freeName(baseName: string, entries: StatusEntries): Promise<string> {
    for (let count = 1; ; count++) {
      const name = withNumberSuffix(baseName, count);
      const entry = entries.get(name);
      if (!entry || this.isOwn(entry) || !(await this.isLive(entry))) return name;
    }
  }

  /**
   * The key for the entry of an instance whose name another live process has. It has a blank, which no instance name
   * has, so it collides with none.
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

  /** The fields by which other processes see that this one lives. */
  async livenessFields(): Promise<StatusEntry & { readonly pid: number; readonly host: string }> {
    const { start: processStart, pidSpace } = await this.ownIdentity();
    return { pid: process.pid, host: this.host, token: this.options.token, processStart, pidSpace };
  }

  /**
   * The names of the dead that it falls to us to clear away. Exactly one does that: the first of the sorted list of the
   * living, which is the same list in every process.
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

interface OwnEntryOptions {
  readonly registry: InstanceRegistry;
  readonly store: StatusStore;
  readonly log: Log;
  /** Milliseconds since 1970, by the clock that all processes sharing the file have in common. */
  readonly fileNow: () => number;
}

/** This process's entry in the status file: beside those of the others, over none that lives. */
export class OwnEntry {
  /** The token of another live process that goes by our name. */
  private rival: unknown;

  constructor(private readonly options: OwnEntryOptions) {}

  /** The entries with our own as it is now, and without those that are ours to clear away. */
  async upsert(
    name: string,
    status: Readonly<Record<string, unknown>>,
    entries: StatusEntries,
  ): Promise<StatusEntries> {
    const { registry, store, fileNow } = this.options;
    const before = entries.get(name);
    const isOthers = before !== undefined && !registry.isOwn(before);
    const rival = isOthers && (await registry.isLive(before)) ? before : undefined;
    this.logRival(name, rival);
    if (isOthers && !rival) await store.removeAside(before.token);
    const place = rival ? await registry.conflictKey(name, entries) : name;
    const next = new Map(registry.withoutOwn(entries) ?? entries);
    const { pid, host, ...signs } = await registry.livenessFields();
    const sharing = rival && { sharesNameWith: rival.pid };
    next.set(place, { pid, host, ...fitEntry(status), ...sharing, updatedAt: toIso(fileNow()), ...signs });
    for (const dead of await registry.staleEntries(place, next)) {
      await store.removeAside(next.get(dead)?.token);
      next.delete(dead);
    }
    return next;
  }

  /** Logged once for each. */
  private logRival(name: string, rival: StatusEntry | undefined): void {
    if (rival && rival.token !== this.rival) {
      const whose = typeof rival.pid === 'number' ? `process ${rival.pid}` : 'another process';
      const what = 'a command to both that one has answered the other skips';
      this.options.log.warn(`the instance name ${name} is also that of ${whose}, which lives: ${what}`);
    }
    this.rival = rival?.token;
  }
}
