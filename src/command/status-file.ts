import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Clock } from '../base/clock';
import { messageOf } from '../base/errors';
import type { Log } from '../base/log';
import { Loop } from '../base/loop';
import type { Waiter } from './file-lock';
import { OwnEntry } from './own-entry';
import { Patience, type PatienceOptions } from './patience';
import { Roster } from './roster';
import { StatusStore } from './status-store';

export interface StatusFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The status for the write that comes every 30 s whether or not something changed; without it, the last that was given. */
  status?(): Readonly<Record<string, unknown>>;
}

/** As long as the lock goes from hand to hand somebody else gets on: who waits for his turn has a file that works. */
const CLAIM = { idleMs: 2_000, totalMs: 60_000 };
const WRITE = { idleMs: 5_000, totalMs: 30_000 };
const RELEASE = { idleMs: 1_000, totalMs: 1_000 };
/** Several changes that come together are written together. */
const COALESCE_MS = 20;
const BETWEEN_WRITES_MS = 500;
/** Where a write took long many want to write, and each leaves as much time to the others. Not longer: it is to be soon. */
const MOST_BETWEEN_WRITES_MS = 2_000;
const REFRESH_MS = 30_000;
const AFTER_FAILURE_MS = 2_000;

/**
 * The status file, as one of the processes that share it: claims the instance name, writes its own entry and no
 * other, and clears away those of dead processes if it is the one to do so. Never throws, never rejects.
 */
export class StatusFile {
  private readonly store: StatusStore;
  private readonly token = randomBytes(16).toString('hex');
  private readonly loop: Loop;
  private readonly roster: Roster;
  private readonly own: OwnEntry;
  private name: string | undefined;
  private status: Readonly<Record<string, unknown>> = {};
  private claiming: Promise<unknown> = Promise.resolve();
  private isDirty = false;
  private isFailing = false;
  private isReleased = false;
  private writtenAt = 0;
  private betweenWritesMs = BETWEEN_WRITES_MS;

  constructor(private readonly options: StatusFileOptions) {
    const { path, clock, log } = options;
    this.store = new StatusStore({ path: resolve(path), token: this.token, clock });
    this.roster = new Roster({ token: this.token, fileNow: () => this.fileNow() });
    const { roster, store } = this;
    this.own = new OwnEntry({ roster, store, log, fileNow: () => this.fileNow() });
    this.loop = new Loop({ name: 'status file', clock, log, turn: (signal) => this.turn(signal) });
  }

  /**
   * Takes the lowest free name, `orders`, `orders-2`, `orders-3` …, for as long as this process lives.
   * @returns undefined: the file cannot be written, or for two seconds nobody got the lock, or sixty were not enough
   */
  async claim(baseName: string): Promise<string | undefined> {
    const name = await this.within(CLAIM, `; meanwhile nobody sees that the name ${baseName} is taken`, (patience) => {
      const claimed = this.claimNow(baseName, patience);
      this.claiming = claimed.catch(() => undefined);
      return claimed;
    });
    if (name !== undefined) this.adopt(name);
    return name;
  }

  /** Writes under this name from now on, claimed or not: what could not be written at first may heal. */
  adopt(name: string): void {
    this.name = name;
    this.writtenAt = this.options.clock.elapsed();
    this.loop.wake(this.isDirty ? COALESCE_MS : REFRESH_MS);
  }

  /** This is the status now. Soon it is in the file too. */
  write(status: Readonly<Record<string, unknown>>): void {
    this.status = status;
    this.isDirty = true;
    if (this.name === undefined || this.isFailing) return;
    this.loop.wake(Math.max(COALESCE_MS, this.writtenAt + this.betweenWritesMs - this.options.clock.elapsed()));
  }

  /** This is the status now, and the file says so when this resolves. Rejects with the reason where it could not be written. */
  async writeNow(status: Readonly<Record<string, unknown>>): Promise<void> {
    this.write(status);
    const { name } = this;
    if (name === undefined) throw new Error('there is no name to write it under');
    await this.save(name, () => this.isReleased);
  }

  /** Takes the entry out of the file. What cannot be taken out in a second is left: the entry of a dead process is dead. */
  async release(): Promise<void> {
    this.isReleased = true;
    await this.within(RELEASE, '', async (patience) => {
      await Promise.all([this.loop.stop(), this.claiming]);
      if (this.name === undefined) return;
      this.name = undefined;
      await this.store.update((entries) => Promise.resolve(this.roster.withoutOwn(entries)), waiterOf(patience));
    });
  }

  /** Milliseconds since 1970 by the clock of the file system, as far as a write has told. */
  fileNow(): number {
    return this.options.clock.now() + this.store.aheadMs;
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const { clock } = this.options;
    const { name } = this;
    if (name === undefined) return Infinity;
    const refreshInMs = this.writtenAt + REFRESH_MS - clock.elapsed();
    if (!this.isDirty && refreshInMs > 0) return refreshInMs;
    if (!this.isDirty) this.refresh();
    this.isDirty = false;
    const startedAt = clock.elapsed();
    try {
      await this.save(name, () => signal.aborted);
    } catch (error) {
      this.isDirty = true;
      this.isFailing = true;
      if (!signal.aborted) this.complain(messageOf(error));
      return AFTER_FAILURE_MS;
    }
    this.isFailing = false;
    this.writtenAt = clock.elapsed();
    const tookMs = this.writtenAt - startedAt;
    this.betweenWritesMs = clamp(tookMs, BETWEEN_WRITES_MS, MOST_BETWEEN_WRITES_MS);
    return this.nextMs();
  }

  private async save(name: string, isStopped: () => boolean): Promise<void> {
    const patience = new Patience({ clock: this.options.clock, ...WRITE });
    const isOver = (): boolean => isStopped() || patience.isOver;
    try {
      const waiter = { ...waiterOf(patience), isPatient: true, isOver };
      await this.store.update((entries) => this.own.enter(name, this.status, entries), waiter);
    } finally {
      patience.end();
    }
  }

  /** Something may have come while that was written. */
  private nextMs(): number {
    return this.isDirty ? this.betweenWritesMs : REFRESH_MS;
  }

  private refresh(): void {
    try {
      this.status = this.options.status?.() ?? this.status;
    } catch (error) {
      this.complain(messageOf(error));
    }
  }

  private async claimNow(baseName: string, patience: Patience): Promise<string> {
    // Known before the lock is there, which others wait for.
    await this.roster.signsOfLife();
    const waiter = { ...waiterOf(patience), isOver: () => patience.isOver || this.isReleased };
    for (;;) {
      let name = baseName;
      const { status } = this;
      await this.store.update(async (entries) => {
        name = await this.roster.freeName(baseName, entries);
        return this.own.enter(name, this.status, entries);
      }, waiter);
      // Of several who found a lock abandoned two may hold it at once. Who lost that race finds another's entry here.
      const entry = (await this.store.read()).get(name);
      if (!entry || !this.roster.isOwn(entry)) continue;
      if (status === this.status) this.isDirty = false;
      this.name = name;
      return name;
    }
  }

  /** What `work` resolves to; undefined if it rejects or takes longer. */
  private async within<T>(
    limits: Pick<PatienceOptions, 'idleMs' | 'totalMs'>,
    consequence: string,
    work: (patience: Patience) => Promise<T>,
  ): Promise<T | undefined> {
    return new Promise((resolve) => {
      const onOver = (): void => {
        this.complain(`it could not be locked and written in time${consequence}`);
        resolve(undefined);
      };
      const patience = new Patience({ clock: this.options.clock, ...limits, onOver });
      void work(patience)
        .catch((error: unknown) => {
          if (!patience.isOver) this.complain(messageOf(error) + consequence);
          return undefined;
        })
        .then(resolve)
        .finally(() => patience.end());
    });
  }

  private complain(reason: string): void {
    this.options.log.warn(`the status file ${this.options.path} cannot be written: ${reason}`, 'status file');
  }
}

function waiterOf(patience: Patience): Waiter {
  return { isPatient: false, isOver: () => patience.isOver, onHandover: () => patience.renew() };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
