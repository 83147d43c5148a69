import { errorMessage } from '../../base/text';
import { field } from '../../control/client/document';
import {
  isRegistered,
  type Instance,
  type LiveInstances,
  type InstanceList,
} from '../../control/client/live-instances';
import { statusNotes } from './status-notes';
import { statusTable } from './status-table';

const ALL_REGISTERED = 0;
const NOT_ALL = 1;
const NOBODY = 3;

/** What a status file says at one moment, for people and for programs. */
export class StatusReport {
  private constructor(
    private readonly roll: InstanceList,
    /** Why there is nobody to show; undefined: there is somebody. */
    readonly complaint: string | undefined,
  ) {}

  /** Never rejects. */
  static async read(statusFile: string, instances: LiveInstances): Promise<StatusReport> {
    try {
      const roll = await instances.readAll();
      return new StatusReport(roll, roll.live.length > 0 ? undefined : `no live instance in ${statusFile}`);
    } catch (error) {
      return new StatusReport({ live: [], dead: [] }, `${statusFile} cannot be read: ${errorMessage(error)}`);
    }
  }

  get exitCode(): number {
    const { live } = this.roll;
    if (live.length === 0) return NOBODY;
    return live.every(({ entry }) => isRegistered(entry)) ? ALL_REGISTERED : NOT_ALL;
  }

  /** The document of those that live. */
  get json(): unknown {
    return { version: 1, instances: Object.fromEntries(this.roll.live.map(({ name, entry }) => [name, entry])) };
  }

  /** The same for two that differ in nothing but counters and the time that has passed. */
  get gist(): string {
    const { live, dead } = this.roll;
    return JSON.stringify([live.map(gistOf), dead.map(({ name }) => name), this.complaint]);
  }

  /** The table, none of whose lines is longer than `width`, and the notes, whose lines may be. */
  lines(nowMs: number, width: number): string[] {
    const { live, dead } = this.roll;
    const table = statusTable(live, nowMs, width);
    const notes = statusNotes(live, dead, nowMs);
    return table.length > 0 && notes.length > 0 ? [...table, '', ...notes] : [...table, ...notes];
  }
}

function gistOf({ name, entry }: Instance): unknown {
  const { pid, backend, registration, commands } = entry;
  return [name, pid, backend, registration, field(entry, 'heartbeat', 'lastError'), commands];
}
