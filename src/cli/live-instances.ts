import { hostname } from 'node:os';
import type { Clock } from '../base/clock';
import { Liveness } from '../command/liveness';
import { ownIdentity } from '../command/process-identity';
import { namesOf, type StatusEntry } from '../command/status-entry';
import { StatusStore } from '../command/status-store';

/** What the status file says of an instance. From a file that others write: nothing in it is believed to have a type. */
export interface Instance {
  readonly name: string;
  readonly entry: StatusEntry;
}

/** Both sorted by name. */
export interface Roll {
  readonly live: readonly Instance[];
  /** Their processes have ended without taking their entries away. */
  readonly dead: readonly Instance[];
}

/** The instances in a status file, told by whether their processes live. */
export class LiveInstances {
  private readonly store: StatusStore;
  private liveness: Liveness | undefined;

  constructor(
    statusFile: string,
    private readonly clock: Clock,
  ) {
    this.store = new StatusStore({ path: statusFile, token: '', clock });
  }

  /** Those that live. Rejects where the file is there and cannot be read. */
  async read(): Promise<readonly Instance[]> {
    return (await this.readAll()).live;
  }

  /** Rejects where the file is there and cannot be read. */
  async readAll(): Promise<Roll> {
    const entries = await this.store.read();
    this.liveness ??= new Liveness(hostname(), await ownIdentity());
    const live: Instance[] = [];
    const dead: Instance[] = [];
    for (const name of namesOf(entries)) {
      const entry = entries.get(name);
      if (!entry) continue;
      const isLive = this.liveness.isLive(entry, this.clock.now());
      (isLive ? live : dead).push({ name, entry });
    }
    return { live, dead };
  }
}
