import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Clock } from '../base/clock';
import { errorMessage } from '../base/text';
import type { Log } from '../base/log';
import { StatusWriter } from './status-writer';
import { OwnEntry, InstanceRegistry } from './instance-registry';
import { ProgressDeadline, type ProgressDeadlineOptions } from '../base/deadline';
import { statusPermissions, StatusStore } from './status-store';
import { waiterOf } from './lock/file-lock';

export interface StatusFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** User ids whose files are believed beside root's, our own and the directory's owner's. */
  readonly owners?: readonly number[];
  /** Permission bits of the file. Without them it may be read as the command file may; without that, as the umask says. */
  readonly mode?: number | undefined;
  readonly commandFile?: string | undefined;
  /** The status of now, for a write that only brings the counters up to date. Default: the one given last. */
  status?(): Readonly<Record<string, unknown>>;
}

/** As long as the lock goes from hand to hand somebody else gets on: who waits for his turn has a file that works. */
const CLAIM = { idleMs: 2_000, totalMs: 60_000 };
const RELEASE = { idleMs: 1_000, totalMs: 1_000 };

/**
 * The status file, as one of the processes that share it: claims the instance name, writes its own entry and no
 * other, and clears away those of dead processes if it is the one to do so. Never throws, never rejects.
 */
export class StatusFile {
  private readonly store: StatusStore;
  private readonly token = randomBytes(16).toString('hex');
  private readonly roster: InstanceRegistry;
  private readonly own: OwnEntry;
  private readonly upkeep: StatusWriter;
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
    this.roster = new InstanceRegistry({ token: this.token, fileNow: () => this.fileNow() });
    const { roster, store } = this;
    this.own = new OwnEntry({ roster, store, log, fileNow: () => this.fileNow() });
    this.upkeep = new StatusWriter({
      ...options,
      store,
      own: this.own,
      complain: (reason) => this.complain(reason),
      onWritten: () => this.onWritten(),
    });
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
    this.upkeep.begin(name);
  }

  /** This is the status now. Soon it is in the file too. */
  write(status: Readonly<Record<string, unknown>>): void {
    this.upkeep.write(status);
  }

  /** What is counted has gone on: the file says so within 2 s, later where more than ten processes share it. */
  countsChanged(): void {
    this.upkeep.countsChanged();
  }

  /** This is the status now, and the file says so when this resolves. Rejects with the reason where it could not be written. */
  async writeNow(status: Readonly<Record<string, unknown>>): Promise<void> {
    await this.upkeep.writeNow(status);
  }

  /** Takes the entry out of the file. What cannot be taken out in a second is left: the entry of a dead process is dead. */
  async release(): Promise<void> {
    await this.within(RELEASE, '', async (patience) => {
      await Promise.all([this.upkeep.end(), this.claiming]);
      if (this.upkeep.name === undefined) return;
      this.upkeep.name = undefined;
      await this.store.update((entries) => Promise.resolve(this.roster.withoutOwn(entries)), waiterOf(patience));
    });
  }

  /** Milliseconds since 1970 by the clock of the file system, as far as a write has told. */
  fileNow(): number {
    return this.options.clock.now() + this.store.aheadMs;
  }

  private async claimNow(baseName: string, patience: ProgressDeadline): Promise<string> {
    // Known before the lock is there, which others wait for.
    await this.roster.livenessFields();
    const waiter = { ...waiterOf(patience), isOver: () => patience.isOver || this.upkeep.isEnded };
    for (;;) {
      let name = baseName;
      const { status } = this.upkeep;
      await this.store.update(async (entries) => {
        name = await this.roster.freeName(baseName, entries);
        return this.own.upsert(name, this.upkeep.status, entries);
      }, waiter);
      // Of several who found a lock abandoned two may hold it at once. Who lost that race finds another's entry here.
      const entry = (await this.store.read()).get(name);
      if (!entry || !this.roster.isOwn(entry)) continue;
      this.upkeep.noteWritten(name, status);
      return name;
    }
  }

  /** What `work` resolves to; undefined if it rejects or takes longer. */
  private async within<T>(
    limits: Pick<ProgressDeadlineOptions, 'idleMs' | 'totalMs'>,
    consequence: string,
    work: (patience: ProgressDeadline) => Promise<T>,
  ): Promise<T | undefined> {
    return new Promise((resolve) => {
      const onOver = (): void => {
        this.complain(`it could not be locked and written in time${consequence}`);
        resolve(undefined);
      };
      const patience = new ProgressDeadline({ clock: this.options.clock, ...limits, onOver });
      void work(patience)
        .catch((error: unknown) => {
          if (!patience.isOver) this.complain(errorMessage(error) + consequence);
          return undefined;
        })
        .then(resolve)
        .finally(() => patience.end());
    });
  }

  private complain(reason: string): void {
    this.options.log.warn(`the status file ${this.options.path} cannot be written: ${reason}`, 'status file');
  }

  private onWritten(): void {
    this.options.log.over(['status file'], `the status file ${this.options.path} is written again`);
  }
}
