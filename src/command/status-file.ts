import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Clock, Timer } from '../base/clock';
import { messageOf } from '../base/errors';
import { iso } from '../base/iso';
import type { Log } from '../base/log';
import { Loop } from '../base/loop';
import { numberedName } from '../base/numbered-name';
import { Liveness } from './liveness';
import { ownIdentity, type ProcessIdentity } from './process-identity';
import { namesOf, type StatusEntries, type StatusEntry } from './status-entry';
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
  private readonly host = hostname();
  private identity: ProcessIdentity | undefined;
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
        name = await this.freeName(baseName, entries);
        return this.withOwn(name, entries);
      }, isOver);
      // Of several who found a stale lock two may hold it at once. Who lost that race finds another's entry here.
      if ((await this.store.read()).get(name)?.token === this.token) return name;
    }
  }

  private async freeName(baseName: string, entries: StatusEntries): Promise<string> {
    for (let count = 1; ; count++) {
      const name = numberedName(baseName, count);
      const entry = entries.get(name);
      if (!entry || !(await this.isLive(entry))) return name;
    }
  }

  /** The entries with our own as it is now, and without the dead if we are the first of the living. */
  private async withOwn(name: string, entries: StatusEntries): Promise<StatusEntries> {
    const next = new Map(entries);
    const before = next.get(name);
    if (before && before.token !== this.token) await this.takeOver(name, before);
    next.set(name, await this.ownEntry());
    for (const other of namesOf(next).filter((one) => one < name)) {
      const entry = next.get(other);
      // Exactly one clears away: the first of the sorted list of the living, which is the same list for everybody.
      if (entry && (await this.isLive(entry))) return next;
    }
    for (const [other, entry] of [...next]) {
      if (other === name || (await this.isLive(entry))) continue;
      next.delete(other);
      await this.store.removeAside(entry.token);
    }
    return next;
  }

  private without(name: string, entries: StatusEntries): StatusEntries | undefined {
    if (entries.get(name)?.token !== this.token) return undefined;
    const next = new Map(entries);
    next.delete(name);
    return next;
  }

  private async takeOver(name: string, entry: StatusEntry): Promise<void> {
    if (await this.isLive(entry)) this.options.log.warn(`another live process goes by the instance name ${name}`);
    else await this.store.removeAside(entry.token);
  }

  private async ownEntry(): Promise<StatusEntry> {
    this.identity ??= await ownIdentity();
    // By the clock that all who share the file have in common.
    const updatedAt = iso(this.fileNow());
    const { start: processStart, pidSpace } = this.identity;
    return { pid: process.pid, host: this.host, ...this.status, updatedAt, token: this.token, processStart, pidSpace };
  }

  private async isLive(entry: StatusEntry): Promise<boolean> {
    if (entry.token === this.token) return true;
    this.identity ??= await ownIdentity();
    return new Liveness(this.host, this.identity).isLive(entry, this.fileNow());
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
