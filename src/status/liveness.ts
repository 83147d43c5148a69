import { readFileSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { toIso } from '../base/time';
import type { StatusEntry } from './status-store';

/** Distinguishes a process from another that has its pid later, or has the same pid in another container. */
export interface ProcessIdentity {
  /** In ticks since the machine started; undefined where that cannot be known. */
  readonly start: string | undefined;
  /** The namespace that the pid counts in: two containers of one pod share a host name, and both are pid 1. */
  readonly pidSpace: string | undefined;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  return { start: startOf(process.pid), pidSpace: await ownPidSpace() };
}

/**
 * Known on Linux only; elsewhere it would take a child process. Read synchronously: /proc is no disk, and a process that
 * claims a name checks all the others while they wait for its lock. Through the thread pool, on a busy machine, that
 * took a second.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold blanks and parentheses; the start is the 20th field behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

async function ownPidSpace(): Promise<string | undefined> {
  try {
    return await readlink('/proc/self/ns/pid');
  } catch {
    return undefined;
  }
}

/** Three times as old as an entry gets while its process lives. */
const DEAD_AFTER_MS = 90_000;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Decides which entries of the status file belong to live processes. */
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
    const state = processState(entry, this.host, this.own);
    return state === 'unseen' ? isDated : state === 'running';
  }
}

/** Whether a process still runs. `unseen`: its pid does not mean the same here as in the process that wrote it. */
export function processState(
  { pid, host, pidSpace, processStart }: StatusEntry,
  ownHost: string,
  own: ProcessIdentity,
): 'running' | 'gone' | 'unseen' {
  if (host !== ownHost) return 'unseen';
  if (typeof pidSpace === 'string' && own.pidSpace !== undefined && pidSpace !== own.pidSpace) return 'unseen';
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return 'unseen';
  if (!isRunning(pid)) return 'gone';
  const start = typeof processStart === 'string' ? startOf(pid) : undefined;
  return start === undefined || start === processStart ? 'running' : 'gone';
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
