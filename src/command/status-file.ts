import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Clock, Timer } from '../base/clock';
import { messageOf } from '../base/errors';
import { iso } from '../base/iso';
import type { Log } from '../base/log';
import { Loop } from '../base/loop';
import { Roster } from './roster';
import type { StatusEntries, StatusEntry } from './status-entry';
import { StatusStore } from './status-store';

export interface StatusFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The status for the write that comes every 30 s whether or not something changed; without it, the last that was given. */
  status?(): Readonly<Record<string, unknown>>;
}

const CLAIM_WITHIN_MS = 2_000;
const WRITE_WITHIN_MS = 5_000;
const RELEASE_WITHIN_MS = 1_000;
/** Several changes that come together are written together. */
const COALESCE_MS = 20;
const BETWEEN_WRITES_MS = 500;
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
  private name: string | undefined;
  private status: Readonly<Record<string, unknown>> = {};
  private claiming: Promise<unknown> = Promise.resolve();
  private isDirty = false;
  private isFailing = false;
  private isReleased = false;
  private writtenAt = 0;

  constructor(private readonly options: StatusFileOptions) {
    const { path, clock, log } = options;
    this.store = new StatusStore({ path: resolve(path), token: this.token, clock });
    this.roster = new Roster({ token: this.token, fileNow: () => this.fileNow() });
    this.loop = new Loop({ name: 'status file', clock, log, turn: (signal) => this.turn(signal) });
  }

  /**
   * Takes the lowest free name, `orders`, `orders-2`, `orders-3` …, for as long as this process lives.
   * @returns undefined: the file could not be locked or written within two seconds
   */
  async claim(baseName: string): Promise<string | undefined> {
    const name = await this.within(CLAIM_WITHIN_MS, (isOver) => {
      const claimed = this.claimNow(baseName, () => isOver() || this.isReleased);
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
    this.loop.wake(Math.max(COALESCE_MS, this.writtenAt + BETWEEN_WRITES_MS - this.options.clock.elapsed()));
  }

  /** Takes the entry out of the file. What cannot be taken out in a second is left: the entry of a dead process is dead. */
  async release(): Promise<void> {
    this.isReleased = true;
    await this.within(RELEASE_WITHIN_MS, async (isOver) => {
      await Promise.all([this.loop.stop(), this.claiming]);
      const { name } = this;
      if (name === undefined) return;
      this.name = undefined;
      await this.store.update((entries) => Promise.resolve(this.without(name, entries)), isOver);
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
    const deadline = clock.elapsed() + WRITE_WITHIN_MS;
    try {
      const isOver = (): boolean => signal.aborted || clock.elapsed() > deadline;
      await this.store.update((entries) => this.withOwn(name, entries), isOver);
    } catch (error) {
      this.isDirty = true;
      this.isFailing = true;
      if (!signal.aborted) this.complain(messageOf(error));
      return AFTER_FAILURE_MS;
    }
    this.isFailing = false;
    this.writtenAt = clock.elapsed();
    return this.nextMs();
  }

  /** Something may have come while that was written. */
  private nextMs(): number {
    return this.isDirty ? BETWEEN_WRITES_MS : REFRESH_MS;
  }

  private refresh(): void {
    try {
      this.status = this.options.status?.() ?? this.status;
    } catch (error) {
      this.complain(messageOf(error));
    }
  }

  private async claimNow(baseName: string, isOver: () => boolean): Promise<string> {
    for (;;) {
      let name = baseName;
      await this.store.update(async (entries) => {
        name = await this.roster.freeName(baseName, entries);
        return this.withOwn(name, entries);
      }, isOver);
      // Of several who found a stale lock two may hold it at once. Who lost that race finds another's entry here.
      const entry = (await this.store.read()).get(name);
      if (entry && this.roster.isOwn(entry)) return name;
    }
  }

  /** The entries with our own as it is now, and without those that are ours to clear away. */
  private async withOwn(name: string, entries: StatusEntries): Promise<StatusEntries> {
    const next = new Map(entries);
    const before = next.get(name);
    if (before && !this.roster.isOwn(before)) await this.takeOver(name, before);
    const { pid, host, ...signs } = await this.roster.signsOfLife();
    next.set(name, { pid, host, ...this.status, updatedAt: iso(this.fileNow()), ...signs });
    for (const dead of await this.roster.deadToClear(name, next)) {
      await this.store.removeAside(next.get(dead)?.token);
      next.delete(dead);
    }
    return next;
  }

  private without(name: string, entries: StatusEntries): StatusEntries | undefined {
    const entry = entries.get(name);
    if (!entry || !this.roster.isOwn(entry)) return undefined;
    const next = new Map(entries);
    next.delete(name);
    return next;
  }

  private async takeOver(name: string, entry: StatusEntry): Promise<void> {
    if (await this.roster.isLive(entry))
      this.options.log.warn(`another live process goes by the instance name ${name}`);
    else await this.store.removeAside(entry.token);
  }

  /** What `work` resolves to; undefined if it rejects or takes longer. */
  private async within<T>(ms: number, work: (isOver: () => boolean) => Promise<T>): Promise<T | undefined> {
    let isOver = false;
    let timer: Timer | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = this.options.clock.after(ms, () => {
        isOver = true;
        this.complain('it could not be locked and written in time');
        resolve(undefined);
      });
    });
    const done = work(() => isOver).catch((error: unknown) => {
      if (!isOver) this.complain(messageOf(error));
      return undefined;
    });
    const value = await Promise.race([done, late]);
    timer?.cancel();
    return value;
  }

  private complain(reason: string): void {
    this.options.log.warn(`the status file ${this.options.path} cannot be written: ${reason}`, 'status file');
  }
}
