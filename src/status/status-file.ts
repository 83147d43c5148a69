import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Clock } from '../base/clock';
import { errorMessage } from '../base/text';
import type { Log } from '../base/log';
import { OwnEntry, InstanceRegistry } from './instance-registry';
import { ProgressDeadline, type ProgressDeadlineOptions } from '../base/deadline';
import { statusPermissions, StatusStore, type StatusEntries } from './status-store';
import { waiterOf } from './lock/file-lock';
import { Loop } from '../base/loop';

export interface StatusFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** User ids whose files are believed beside root's, our own and the directory's owner's. */
  readonly owners?: readonly number[];
  /** Permission bits of the file. Default: readable as the command file is; without one, as the umask decides. */
  readonly mode?: number | undefined;
  readonly commandFile?: string | undefined;
  /** The status of now. Asked for when the file is about to be written, not with each change. Default: the one given last. */
  status?(): Readonly<Record<string, unknown>>;
  /** What of a status an operator looks for: the file is written soon after that has changed. Default: nothing. */
  essenceOf?(status: Readonly<Record<string, unknown>>): string;
}

/** While the lock goes from one process to the next, the file works: then waiting for a turn is no failure. */
const CLAIM = { idleMs: 2_000, totalMs: 60_000 };
const RELEASE = { idleMs: 1_000, totalMs: 1_000 };

/**
 * The status file, as one of the processes that share it: claims the instance name, writes its own entry and no
 * other, and clears away those of dead processes if it is the one to do so. Never throws, never rejects.
 */
export class StatusFile {
  private readonly store: StatusStore;
  private readonly token = randomBytes(16).toString('hex');
  private readonly registry: InstanceRegistry;
  private readonly own: OwnEntry;
  private readonly writer: StatusWriter;
  private claiming: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: StatusFileOptions) {
    const { path, clock, log, owners = [], mode, commandFile } = options;
    const trust = { uid: process.geteuid?.(), owners };
    this.store = new StatusStore({
      path: resolve(path),
      token: this.token,
      clock,
      trust,
      permissions: () => statusPermissions({ mode, commandFile, trust }),
    });
    this.registry = new InstanceRegistry({ token: this.token, fileNow: () => this.fileNow() });
    const { registry, store } = this;
    this.own = new OwnEntry({ registry, store, log, fileNow: () => this.fileNow() });
    this.writer = new StatusWriter({
      ...options,
      store,
      own: this.own,
      complain: (reason) => this.complain(reason),
      onWritten: () => this.onWritten(),
    });
  }

  /**
   * Takes the lowest free name, `orders`, `orders-2`, `orders-3` …, for as long as this process lives.
   * @returns undefined: the file cannot be written, or the lock did not change hands for two seconds, or sixty were not enough
   */
  async claim(baseName: string): Promise<string | undefined> {
    const name = await this.within(
      CLAIM,
      `; until then other processes do not see that the name ${baseName} is taken`,
      (deadline) => {
        const claimed = this.claimNow(baseName, deadline);
        this.claiming = claimed.catch(() => undefined);
        return claimed;
      },
    );
    if (name !== undefined) this.adopt(name);
    return name;
  }

  /** Writes under this name from now on, claimed or not: what could not be written at first may heal. */
  adopt(name: string): void {
    this.writer.begin(name);
  }

  /** Sets the status. It is in the file soon after. */
  write(status: Readonly<Record<string, unknown>>): void {
    this.writer.write(status);
  }

  /** The status may have changed: it is asked for soon, and written then if an operator would see another. */
  statusChanged(): void {
    this.writer.statusChanged();
  }

  /** Counters have changed: they are in the file within 2 s, later where more than ten processes share it. */
  countsChanged(): void {
    this.writer.countsChanged();
  }

  /** Resolves when this status is in the file. Rejects with the reason where it could not be written. */
  async writeNow(status: Readonly<Record<string, unknown>>): Promise<void> {
    await this.writer.writeNow(status);
  }

  /** Takes the entry out of the file. What cannot be taken out in a second is left: the entry of a dead process is dead. */
  async release(): Promise<void> {
    await this.within(RELEASE, '', async (deadline) => {
      await Promise.all([this.writer.end(), this.claiming]);
      if (this.writer.name === undefined) return;
      this.writer.name = undefined;
      await this.store.update((entries) => Promise.resolve(this.registry.withoutOwn(entries)), waiterOf(deadline));
    });
  }

  /** Milliseconds since 1970 by the clock of the file system, as far as a write has shown. */
  fileNow(): number {
    return this.options.clock.now() + this.store.aheadMs;
  }

  private async claimNow(baseName: string, deadline: ProgressDeadline): Promise<string> {
    // Known before the lock is there, which others wait for.
    await this.registry.livenessFields();
    const waiter = { ...waiterOf(deadline), isOver: () => deadline.isOver || this.writer.isEnded };
    for (;;) {
      let name = baseName;
      const { status } = this.writer;
      await this.store.update(async (entries) => {
        name = await this.registry.freeName(baseName, entries);
        return this.own.upsert(name, this.writer.status, entries);
      }, waiter);
      // Two processes that found a lock abandoned may both hold it. The one that lost the race finds the other's entry here.
      const entry = (await this.store.read()).get(name);
      if (!entry || !this.registry.isOwn(entry)) continue;
      this.writer.noteWritten(name, status);
      return name;
    }
  }

  /** What `work` resolves to; undefined if it rejects or takes longer. */
  private async within<T>(
    limits: Pick<ProgressDeadlineOptions, 'idleMs' | 'totalMs'>,
    consequence: string,
    work: (deadline: ProgressDeadline) => Promise<T>,
  ): Promise<T | undefined> {
    return new Promise((resolve) => {
      const onOver = (): void => {
        this.complain(`it could not be locked and written in time${consequence}`);
        resolve(undefined);
      };
      const deadline = new ProgressDeadline({ clock: this.options.clock, ...limits, onOver });
      void work(deadline)
        .catch((error: unknown) => {
          if (!deadline.isOver) this.complain(errorMessage(error) + consequence);
          return undefined;
        })
        .then(resolve)
        .finally(() => deadline.end());
    });
  }

  private complain(reason: string): void {
    this.options.log.warn(`the status file ${this.options.path} cannot be written: ${reason}`, 'status file');
  }

  private onWritten(): void {
    this.options.log.over(['status file'], `the status file ${this.options.path} is written again`);
  }
}

interface StatusWriterOptions {
  readonly own: OwnEntry;
  readonly store: StatusStore;
  readonly clock: Clock;
  readonly log: Log;
  status?: StatusFileOptions['status'];
  essenceOf?: StatusFileOptions['essenceOf'];
  /** It could not be written, for this reason. */
  complain(reason: string): void;
  /** It was written. */
  onWritten(): void;
}

const WRITE = { idleMs: 5_000, totalMs: 30_000 };
/** Several changes that come together are written together. */
const COALESCE_MS = 20;
const BETWEEN_WRITES_MS = 500;
/** A write that took long means that many want to write: each leaves that much time to the others, up to this limit. */
const MAX_BETWEEN_WRITES_MS = 2_000;
const REFRESH_MS = 30_000;
/** The maximum age of counters. With more processes it grows: all together write them five times a second. */
const COUNTS_MS = 2_000;
const COUNTS_MS_A_PROCESS = 200;
const AFTER_FAILURE_MS = 2_000;

/** Keeps our entry in the status file up to date: writes it soon after a change, and every 30 s without one. */
class StatusWriter {
  /** Undefined: there is none to write it under, and nothing is written. */
  name: string | undefined;
  private readonly loop: Loop;
  private current: Readonly<Record<string, unknown>> = {};
  private isDirty = false;
  /** The status may be another than the one of `essence`. */
  private isInDoubt = false;
  private essence = '';
  private isFailing = false;
  private hasEnded = false;
  private writtenAt = 0;
  private betweenWritesMs = BETWEEN_WRITES_MS;
  private refreshMs = REFRESH_MS;
  /** Entries in the file, ours included. */
  private processes = 1;

  constructor(private readonly options: StatusWriterOptions) {
    const { clock, log } = options;
    this.loop = new Loop({ name: 'status file', clock, log, turn: (signal) => this.turn(signal) });
  }

  /** The content for the entry. */
  get status(): Readonly<Record<string, unknown>> {
    return this.current;
  }

  /** Nothing is written any more. */
  get isEnded(): boolean {
    return this.hasEnded;
  }

  /** Starts to write. The claim of the name has just written the entry, or could not. */
  begin(name: string): void {
    this.name = name;
    this.writtenAt = this.options.clock.elapsed();
    this.loop.wake(this.isDirty || this.isInDoubt ? COALESCE_MS : REFRESH_MS);
  }

  /** Sets the status. It is in the file soon after. */
  write(status: Readonly<Record<string, unknown>>): void {
    this.current = status;
    this.isDirty = true;
    this.wakeAfter(this.betweenWritesMs);
  }

  /**
   * The status may have changed. It is asked for in the loop's next turn: the change waits neither for the
   * snapshot nor for the file, and changes that come together make one snapshot.
   */
  statusChanged(): void {
    this.isInDoubt = true;
    this.wakeAfter(this.betweenWritesMs);
  }

  /** Counters have changed: the next refresh comes sooner. */
  countsChanged(): void {
    if (this.refreshMs < REFRESH_MS) return;
    this.refreshMs = Math.min(REFRESH_MS, Math.max(COUNTS_MS, this.processes * COUNTS_MS_A_PROCESS));
    this.wakeAfter(this.refreshMs);
  }

  /** Resolves when this status is in the file. Rejects with the reason where it could not be written. */
  async writeNow(status: Readonly<Record<string, unknown>>): Promise<void> {
    const { name } = this;
    if (name === undefined) {
      this.write(status);
      throw new Error('there is no name to write it under');
    }
    this.current = status;
    this.isDirty = false;
    try {
      await this.save(name, () => this.hasEnded);
    } catch (error) {
      this.write(this.current);
      throw error;
    }
  }

  /** The claim has written the entry under this name, with this status. */
  noteWritten(name: string, status: Readonly<Record<string, unknown>>): void {
    if (status === this.current) this.isDirty = false;
    this.name = name;
  }

  /** Resolves when nothing is being written any more. */
  async end(): Promise<void> {
    this.hasEnded = true;
    await this.loop.stop();
  }

  /** The next turn comes this long after the last write. */
  private wakeAfter(ms: number): void {
    if (this.name === undefined || this.isFailing) return;
    this.loop.wake(Math.max(COALESCE_MS, this.writtenAt + ms - this.options.clock.elapsed()));
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const { clock } = this.options;
    const { name } = this;
    if (name === undefined) return Infinity;
    if (this.isInDoubt) this.look();
    const refreshInMs = this.writtenAt + this.refreshMs - clock.elapsed();
    if (!this.isDirty && refreshInMs > 0) return refreshInMs;
    if (!this.isDirty) this.refresh();
    this.isDirty = false;
    const startedAt = clock.elapsed();
    try {
      await this.save(name, () => signal.aborted);
    } catch (error) {
      this.isDirty = true;
      this.isFailing = true;
      if (!signal.aborted) this.options.complain(errorMessage(error));
      return AFTER_FAILURE_MS;
    }
    this.isFailing = false;
    this.options.onWritten();
    this.writtenAt = clock.elapsed();
    const tookMs = this.writtenAt - startedAt;
    this.betweenWritesMs = clamp(tookMs, BETWEEN_WRITES_MS, MAX_BETWEEN_WRITES_MS);
    return this.nextMs();
  }

  private async save(name: string, isStopped: () => boolean): Promise<void> {
    const { clock, own, store } = this.options;
    const deadline = new ProgressDeadline({ clock, ...WRITE });
    const isOver = (): boolean => isStopped() || deadline.isOver;
    try {
      const waiter = { ...waiterOf(deadline), isPatient: true, isOver };
      const enter = async (entries: StatusEntries): Promise<StatusEntries> => {
        // What has changed while the lock was another's need not wait for a write of its own.
        if (this.isInDoubt) this.look();
        this.isDirty = false;
        const next = await own.upsert(name, this.current, entries);
        this.processes = next.size;
        return next;
      };
      await store.update(enter, waiter);
    } finally {
      deadline.end();
    }
  }

  /** The status may have changed during the write. */
  private nextMs(): number {
    return this.isDirty || this.isInDoubt ? this.betweenWritesMs : this.refreshMs;
  }

  private look(): void {
    this.isInDoubt = false;
    const status = this.ask();
    const essence = this.options.essenceOf?.(status) ?? this.essence;
    if (essence === this.essence) return;
    this.essence = essence;
    this.current = status;
    this.isDirty = true;
  }

  private refresh(): void {
    this.refreshMs = REFRESH_MS;
    this.current = this.ask();
  }

  private ask(): Readonly<Record<string, unknown>> {
    try {
      return this.options.status?.() ?? this.current;
    } catch (error) {
      this.options.complain(errorMessage(error));
      return this.current;
    }
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
