import { readFileSync } from 'node:fs';
import { readlink } from 'node:fs/promises';

/** What tells a process from another that has its pid later, or has the same pid in another container. */
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
 * Known on Linux only; elsewhere it would take a child process. Read at once: /proc is no disk, and who claims a name asks
 * this of all the others while they wait for his lock. By way of the thread pool, on a busy machine, that took a second.
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
