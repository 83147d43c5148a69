import { toIso } from '../base/time';
import type { Log } from '../base/log';
import type { InstanceRegistry } from './instance-registry';
import { fitEntry, type StatusEntries, type StatusEntry } from './status-entry';
import type { StatusStore } from './status-store';

export interface OwnEntryOptions {
  readonly roster: InstanceRegistry;
  readonly store: StatusStore;
  readonly log: Log;
  /** Milliseconds since 1970, by the clock that all who share the file have in common. */
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
    const { roster, store, fileNow } = this.options;
    const before = entries.get(name);
    const isOthers = before !== undefined && !roster.isOwn(before);
    const rival = isOthers && (await roster.isLive(before)) ? before : undefined;
    this.tellOf(name, rival);
    if (isOthers && !rival) await store.removeAside(before.token);
    const place = rival ? await roster.conflictKey(name, entries) : name;
    const next = new Map(roster.withoutOwn(entries) ?? entries);
    const { pid, host, ...signs } = await roster.livenessFields();
    const sharing = rival && { sharesNameWith: rival.pid };
    next.set(place, { pid, host, ...fitEntry(status), ...sharing, updatedAt: toIso(fileNow()), ...signs });
    for (const dead of await roster.staleEntries(place, next)) {
      await store.removeAside(next.get(dead)?.token);
      next.delete(dead);
    }
    return next;
  }

  /** Said once of each. */
  private tellOf(name: string, rival: StatusEntry | undefined): void {
    if (rival && rival.token !== this.rival) {
      const whose = typeof rival.pid === 'number' ? `process ${rival.pid}` : 'another process';
      const what = 'a command to both that one has answered the other skips';
      this.options.log.warn(`the instance name ${name} is also that of ${whose}, which lives: ${what}`);
    }
    this.rival = rival?.token;
  }
}
