import type { Clock } from '../base/clock';
import { errorMessage } from '../base/text';
import type { Log } from '../base/log';
import { Loop } from '../base/loop';
import type { OwnEntry } from './instance-registry';
import { ProgressDeadline } from '../base/deadline';
import type { StatusEntries } from './status-entry';
import type { StatusStore } from './status-store';
import { waiterOf } from './lock/file-lock';

interface StatusWriterOptions {
  readonly own: OwnEntry;
  readonly store: StatusStore;
  readonly clock: Clock;
  readonly log: Log;
  /** The status of now, for a write that only brings the counters up to date. Default: the one given last. */
  status?(): Readonly<Record<string, unknown>>;
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
const MOST_BETWEEN_WRITES_MS = 2_000;
const REFRESH_MS = 30_000;
/** The maximum age of counters. With more processes it grows: all together write them five times a second. */
const COUNTS_MS = 2_000;
const COUNTS_MS_A_PROCESS = 200;
const AFTER_FAILURE_MS = 2_000;

/** Keeps our entry in the status file up to date: writes it soon after a change, and every 30 s without one. */
export class StatusWriter {
  /** Undefined: there is none to write it under, and nothing is written. */
  name: string | undefined;
  private readonly loop: Loop;
  private current: Readonly<Record<string, unknown>> = {};
  private isDirty = false;
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
    this.loop.wake(this.isDirty ? COALESCE_MS : REFRESH_MS);
  }

  /** Sets the status. It is in the file soon after. */
  write(status: Readonly<Record<string, unknown>>): void {
    this.current = status;
    this.isDirty = true;
    if (this.name === undefined || this.isFailing) return;
    this.loop.wake(Math.max(COALESCE_MS, this.writtenAt + this.betweenWritesMs - this.options.clock.elapsed()));
  }

  /** Counters have changed: the next refresh comes sooner. */
  countsChanged(): void {
    if (this.refreshMs < REFRESH_MS) return;
    this.refreshMs = Math.min(REFRESH_MS, Math.max(COUNTS_MS, this.processes * COUNTS_MS_A_PROCESS));
    if (this.name === undefined || this.isFailing) return;
    this.loop.wake(Math.max(COALESCE_MS, this.writtenAt + this.refreshMs - this.options.clock.elapsed()));
  }

  /** Resolves when this status is in the file. Rejects with the reason where it could not be written. */
  async writeNow(status: Readonly<Record<string, unknown>>): Promise<void> {
    this.write(status);
    const { name } = this;
    if (name === undefined) throw new Error('there is no name to write it under');
    await this.save(name, () => this.hasEnded);
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

  private async turn(signal: AbortSignal): Promise<number> {
    const { clock } = this.options;
    const { name } = this;
    if (name === undefined) return Infinity;
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
    this.betweenWritesMs = clamp(tookMs, BETWEEN_WRITES_MS, MOST_BETWEEN_WRITES_MS);
    return this.nextMs();
  }

  private async save(name: string, isStopped: () => boolean): Promise<void> {
    const { clock, own, store } = this.options;
    const deadline = new ProgressDeadline({ clock, ...WRITE });
    const isOver = (): boolean => isStopped() || deadline.isOver;
    try {
      const waiter = { ...waiterOf(deadline), isPatient: true, isOver };
      const enter = async (entries: StatusEntries): Promise<StatusEntries> => {
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
    return this.isDirty ? this.betweenWritesMs : this.refreshMs;
  }

  private refresh(): void {
    this.refreshMs = REFRESH_MS;
    try {
      this.current = this.options.status?.() ?? this.current;
    } catch (error) {
      this.options.complain(errorMessage(error));
    }
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
