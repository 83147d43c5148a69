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

/** The instances whose processes live, sorted by name. Rejects where the file is there and cannot be read. */
export class LiveInstances {
  private readonly store: StatusStore;
  private liveness: Liveness | undefined;

  constructor(
    statusFile: string,
    private readonly clock: Clock,
  ) {
    this.store = new StatusStore({ path: statusFile, token: '', clock });
  }

  async read(): Promise<readonly Instance[]> {
    const entries = await this.store.read();
    this.liveness ??= new Liveness(hostname(), await ownIdentity());
    const live: Instance[] = [];
    for (const name of namesOf(entries)) {
      const entry = entries.get(name);
      if (entry && (await this.liveness.isLive(entry, this.clock.now()))) live.push({ name, entry });
    }
    return live;
  }
}
