import { toIso } from '../base/time';
import { startOf, type ProcessIdentity } from './process-identity';
import type { StatusEntry } from './status-entry';

/** Three times as old as an entry gets while its process lives. */
const DEAD_AFTER_MS = 90_000;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Tells which entries of the status file belong to processes that live. */
export class Liveness {
  constructor(
    private readonly host: string,
    private readonly own: ProcessIdentity,
  ) {}

  /** An entry is dead when its pid is gone from this host or has another start, or when it is 90 s old. */
  isLive(entry: StatusEntry, nowMs: number): boolean {
    const { updatedAt } = entry;
    // The same form everywhere, so that the order of texts is the order of times.
    const isDated = typeof updatedAt === 'string' && ISO.test(updatedAt);
    if (isDated && updatedAt < toIso(Math.max(0, nowMs - DEAD_AFTER_MS))) return false;
    if (!this.isVisible(entry)) return isDated;
    const { pid, processStart } = entry;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return isDated;
    if (!isRunning(pid)) return false;
    if (typeof processStart !== 'string') return true;
    const start = startOf(pid);
    return start === undefined || start === processStart;
  }

  /** Whether its pid means the same to us as to the one who wrote it. */
  private isVisible({ host, pidSpace }: StatusEntry): boolean {
    if (host !== this.host) return false;
    return typeof pidSpace !== 'string' || this.own.pidSpace === undefined || pidSpace === this.own.pidSpace;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is one, of another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
