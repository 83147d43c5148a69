import { appendFileSync } from 'node:fs';
import { systemClock } from '../../src/base/clock';
import { FileLock } from '../../src/status/lock/file-lock';

/*
 * One who takes a lock again and again, with a wall clock of his own, and notes in a journal when he has it:
 *
 *     node --require ../support/typescript.js lock-holder.ts '{"path": …}'
 */

export interface HolderOptions {
  readonly path: string;
  readonly journal: string;
  readonly name: string;
  /** What its wall clock is ahead. */
  readonly aheadMs: number;
  readonly times: number;
  readonly holdMs: number;
}

async function main({ path, journal, name, aheadMs, times, holdMs }: HolderOptions): Promise<void> {
  // proper-lockfile asks no other process.
  const { now } = Date;
  Date.now = () => now() + aheadMs;
  // Waiting for a lock keeps no process.
  const keeper = setInterval(() => undefined, 1_000);
  const waiter = { isPatient: false, isOver: () => false, onHandover: () => undefined };
  for (let time = 0; time < times; time++) {
    const lock = await FileLock.take({ path, clock: systemClock, ...waiter });
    appendFileSync(journal, `takes ${name}\n`);
    await new Promise((resolve) => setTimeout(resolve, holdMs));
    appendFileSync(journal, `${lock.isHeld ? 'has' : 'has lost'} ${name}\n`);
    await lock.release();
    // The others' turn.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  clearInterval(keeper);
}

void main(JSON.parse(process.argv[2] ?? '{}') as HolderOptions);
