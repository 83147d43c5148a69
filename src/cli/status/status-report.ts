import { errorMessage } from '../../base/text';
import {
  field,
  isRegistered,
  type Instance,
  type LiveInstances,
  type InstanceList,
} from '../../control/client/live-instances';
import { statusNotes } from './status-notes';
import { statusTable } from './status-table';

const ALL_REGISTERED = 0;
const NOT_ALL = 1;
const NO_INSTANCE = 3;

/** The content of a status file at one moment, for people and for programs. */
export class StatusReport {
  private constructor(
    private readonly list: InstanceList,
    /** Why there is no instance to show; undefined: there is one. */
    readonly complaint: string | undefined,
  ) {}

  /** Never rejects. */
  static async read(statusFile: string, instances: LiveInstances): Promise<StatusReport> {
    try {
      const list = await instances.readAll();
      return new StatusReport(list, list.live.length > 0 ? undefined : `no live instance in ${statusFile}`);
    } catch (error) {
      return new StatusReport({ live: [], dead: [] }, `${statusFile} cannot be read: ${errorMessage(error)}`);
    }
  }

  get live(): readonly Instance[] {
    return this.list.live;
  }

  get exitCode(): number {
    const { live } = this.list;
    if (live.length === 0) return NO_INSTANCE;
    return live.every(({ entry }) => isRegistered(entry)) ? ALL_REGISTERED : NOT_ALL;
  }

  /** The document of those that live. */
  get json(): unknown {
    return { version: 1, instances: Object.fromEntries(this.list.live.map(({ name, entry }) => [name, entry])) };
  }

  /** The same for two that differ in nothing but counters and the time that has passed. */
  get fingerprint(): string {
    const { live, dead } = this.list;
    return JSON.stringify([live.map(fingerprintOf), dead.map(({ name }) => name), this.complaint]);
  }

  /** The table, none of whose lines is longer than `width`, and the notes, whose lines may be. */
  lines(nowMs: number, width: number): string[] {
    const { live, dead } = this.list;
    const table = statusTable(live, nowMs, width);
    const notes = statusNotes(live, dead, nowMs);
    return table.length > 0 && notes.length > 0 ? [...table, '', ...notes] : [...table, ...notes];
  }
}

function fingerprintOf({ name, entry }: Instance): unknown {
  const { pid, backend, registration, commands } = entry;
  return [name, pid, backend, registration, field(entry, 'heartbeat', 'lastError'), commands];
}
