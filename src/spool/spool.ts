import type { SpoolStatus } from '../api/status';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import { Backoff, Loop } from '../base/loop';
import { errorMessage } from '../base/text';
import type { Segment } from '../model/segment';
import { BlockBuilder, recordsOf, type SealedBlock } from './block/block';
import { BlockWriter, type WrittenFile } from './block-writer';
import { Claims, removeKey, tokenOf } from './claim';
import { DirectoryScan } from './directory-scan';
import { DiskBudget, SpoolFull } from './disk-budget';
import { type BlockResult, FileDelivery, RecordSegments, type RunEnd } from './file-delivery';
import { LEASE_MS, LeaseWatch } from './lease-watch';
import { PatientTransport } from './patient-transport';
import {
  type AdoptPolicy,
  type DropPolicy,
  type FsyncPolicy,
  type MemoryState,
  type SealLimits,
  spillCount,
} from './policies';
import type { SegmentSource, SpoolCodec, SpoolTransport } from './ports';
import { SpoolDirectory } from './spool-directory';

/** How a spool behaves: what an operator can set. */
export interface SpoolSettings {
  /** Absolute. */
  readonly directory: string;
  /** For all processes that share the directory. */
  readonly maxBytes: number;
  /** Older segments are given up. */
  readonly maxAgeMs: number;
  readonly seal: SealLimits;
  readonly adopt: AdoptPolicy;
  readonly drop: DropPolicy;
  readonly fsync: FsyncPolicy;
}

export interface SpoolParts {
  readonly settings: SpoolSettings;
  readonly delivery: 'at-most-once' | 'at-least-once' | undefined;
  readonly source: SegmentSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly codec: SpoolCodec;
  readonly transport: SpoolTransport;
  /** What became of segments that were appended here. */
  onResult(count: number, result: BlockResult): void;
  /** Default: 10 s. */
  readonly leaseMs?: number;
}

/** What came of a segment. `full`: it stays with the caller. */
type Appended = 'spooled' | 'full' | 'not-encodable';

const IDLE_MS = 1_000;
/** The directory is looked through this often. */
const SCAN_MS = 5_000;
/** One turn delivers for so long from its first block on, then what else is to be done has its turn. */
const DELIVER_MS = 500;
/** Even with a disk that takes nothing a process shows often enough that it lives. */
const LONGEST_BACKOFF_MS = 30_000;
const FAILURE = 'spool';

/** The spool of one process: segments go to the disk, and from there to the backend, also those of processes that died. */
export class Spool {
  private readonly directory: SpoolDirectory;
  private readonly claims: Claims;
  private readonly builder: BlockBuilder;
  private readonly writer: BlockWriter;
  private readonly transport: PatientTransport;
  private readonly reading: FileDelivery;
  private readonly scan: DirectoryScan;
  private readonly loop: Loop;
  private readonly backoff: Backoff;
  private readonly leaseMs: number;
  private readonly scanMs: number;
  private fault: string | undefined;
  private hasEnded = false;
  private touchedAt = -Infinity;
  private scannedAt = -Infinity;
  private deliverUntil = Infinity;
  /** From memory straight to the backend. */
  private inFlight: SealedBlock | undefined;
  /** The disk took not all that was to be written: nothing has been written since. */
  private isUnwritten = false;
  /** Before, nothing is written. */
  private writeAgainAt = -Infinity;
  /** Before, the disk is asked for nothing but to write. */
  private diskAgainAt = -Infinity;
  private readonly counts = { delivered: 0, tornBytes: 0, corruptBlocks: 0, takenOver: 0, adopted: 0 };
  private readonly dropped: Partial<Record<BlockResult, number>> = {};

  constructor(private readonly options: SpoolParts) {
    const { clock, codec, delivery, log, settings, source } = options;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    // A process that looks away for long has not watched.
    this.scanMs = Math.min(SCAN_MS, this.leaseMs);
    const directory = new SpoolDirectory(settings.directory);
    this.directory = directory;
    const leases = new LeaseWatch(directory, clock, this.leaseMs);
    this.claims = new Claims({ directory, clock, leases });
    const { claims } = this;
    const budget = new DiskBudget({
      ...settings,
      directory,
      claims,
      leases,
      isInUse: (name) => name === this.reading.openName || name === this.writer.openName,
      give: (key, file) => this.scan.giveUp(key, file, 'spool-full'),
    });
    const limits = { ...settings.seal, bytes: Math.min(settings.seal.bytes, budget.fileBytes / 2) };
    this.builder = new BlockBuilder(clock, codec, limits);
    this.writer = new BlockWriter({
      directory,
      claims,
      budget,
      clock,
      source,
      fsync: settings.fsync,
      onVanished: (file) => this.lose(file),
    });
    const { writer } = this;
    this.transport = new PatientTransport({
      clock,
      transport: options.transport,
      waiting: writer,
      write: (goesOn) => this.writeMeanwhile(goesOn),
    });
    this.reading = new FileDelivery({
      directory,
      claims,
      codec,
      transport: this.transport,
      delivery,
      onBlock: () => this.mayGoOn(),
      onDamage: (name, piece) => {
        const bytes = piece.to - piece.from;
        if (piece.type === 'torn') this.counts.tornBytes += bytes;
        else this.counts.corruptBlocks++;
        log.warn(
          `spool: ${bytes} bytes of ${name} at ${piece.from} are ${piece.type}: ${piece.reason}`,
          'spool damage',
        );
      },
    });
    const { reading } = this;
    this.scan = new DirectoryScan({
      ...settings,
      directory,
      leases,
      claims,
      writer,
      reading,
      transport: options.transport,
      clock,
      log,
      service: source.service,
      onResult: (count, result, whose) => {
        if (whose === 'own') this.resolve(count, result);
        else if (result === 'sent') this.counts.adopted += count;
        else this.drop(result, count);
      },
    });
    this.backoff = new Backoff(clock, { firstMs: 1_000, longestMs: LONGEST_BACKOFF_MS });
    this.loop = new Loop({ name: 'spool', clock, log, turn: (signal) => this.turn(signal) });
  }

  start(): void {
    this.loop.wake();
  }

  /** Something has changed: a backend is there, or segments wait for the disk. */
  wake(): void {
    this.loop.wake();
  }

  /** Keeps nothing of the segment. It is on the disk soon after; `full`: so much waits for the disk that it has no place. */
  append(segment: Segment | Buffer): Appended {
    const { builder, writer } = this;
    if (this.hasEnded || !writer.hasRoom) return 'full';
    if (!builder.append(segment)) return 'not-encodable';
    if (builder.isDue) this.seal();
    return 'spooled';
  }

  /** The process ends now, and no promise settles any more. In one write, of what memory may hold for the disk at most. */
  flushSync(): void {
    this.seal();
    // Whether the backend has it will not be known any more.
    // Behind the others, the first of which may be on its way to the disk.
    if (this.inFlight && this.options.delivery === 'at-least-once') this.writer.add(this.inFlight);
    try {
      this.writer.writeNow();
    } catch {
      // There is no caller left to be told.
    }
  }

  /** How many of the oldest in memory are to come here now. */
  spillCount(memory: MemoryState): number {
    return spillCount(memory);
  }

  /** Writes what is left. What is on the disk stays there for another process. */
  async stop(): Promise<void> {
    await this.loop.stop();
    this.hasEnded = true;
    this.seal();
    await this.close();
    for (let block = this.writer.takePending(); block; block = this.writer.takePending())
      this.resolve(block.count, 'stopped');
  }

  private async close(): Promise<void> {
    try {
      if (this.writer.key === '') return;
      if (this.writer.pendingBlocks.length > 0) await this.writer.write();
      await this.writer.rotate();
      if (this.writer.written.length > 0) return;
      const listing = await this.directory.listKey(this.writer.key);
      if (listing?.files.length === 0) await removeKey(this.directory, listing);
    } catch (error) {
      this.options.log.warn(`the spool in ${this.directory.path} was left behind: ${errorMessage(error)}`, FAILURE);
    } finally {
      await this.writer.rotate().catch(() => undefined);
    }
  }

  status(): SpoolStatus {
    const { settings, clock } = this.options;
    const { written, pendingBlocks } = this.writer;
    const sum = (of: (file: WrittenFile) => number): number => written.reduce((total, file) => total + of(file), 0);
    const oldest = written[0]?.createdAt;
    return {
      directory: settings.directory,
      files: written.length,
      bytes: sum(({ end }) => end),
      blocks: sum(({ blocks }) => blocks),
      segments: sum(({ segments, resolved }) => segments - resolved),
      waitingForDisk: pendingBlocks.reduce((total, { count }) => total + count, this.builder.segments),
      oldestMs: oldest === undefined ? null : Math.max(0, Math.round(clock.now() - oldest)),
      ...this.scan.status,
      ...this.counts,
      droppedBecause: { ...this.dropped },
      fault: this.fault ?? null,
    };
  }

  private seal(): void {
    const block = this.builder.seal();
    if (!block) return;
    this.writer.add(block);
    this.loop.wake();
    if (this.writer.isCrowded) this.transport.crowd();
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const { clock, transport } = this.options;
    this.deliverUntil = Infinity;
    if (clock.elapsed() >= this.diskAgainAt) {
      try {
        const nextMs = await this.work(signal);
        this.recovered();
        // Without a backend there is nothing to be done but to write.
        const isWaiting = this.fault !== undefined && !transport.isReady;
        return isWaiting ? this.msUntil(this.writeAgainAt) : nextMs;
      } catch (error) {
        if (signal.aborted) return IDLE_MS;
        this.diskAgainAt = this.failed(error, this.writer.key === '');
        this.deliverUntil = Infinity;
      }
    }
    if (transport.isReady) {
      // What the disk does not take waits in memory, and needs no disk to be delivered.
      await this.deliverPending(signal);
      return Math.min(this.pauseMs(), this.msUntil(this.diskAgainAt));
    }
    if (this.writer.key === '') return this.msUntil(this.diskAgainAt);
    // It may be a single file of another that cannot be read: what is ours is written all the same.
    if (this.builder.isDue) this.seal();
    await this.writeMeanwhile();
    return Math.min(Math.max(IDLE_MS, this.msUntil(this.writeAgainAt)), this.msUntil(this.diskAgainAt));
  }

  private msUntil(moment: number): number {
    return Math.max(0, moment - this.options.clock.elapsed());
  }

  private async work(signal: AbortSignal): Promise<number> {
    const { transport } = this.options;
    if (this.writer.key === '') {
      await this.directory.prepare();
      await this.writer.begin();
    }
    await this.renew();
    if (this.builder.isDue) this.seal();
    // With a backend there, what was not yet written need not be, unless it becomes too much: see PatientTransport.
    if (!transport.isReady && (await this.write())) await this.beginAnew();
    if (transport.isReady && (await this.deliverOwn(signal)) === 'waiting') return this.pauseMs();
    if (this.options.clock.elapsed() - this.scannedAt >= this.scanMs) {
      if ((await this.scan.run(signal)) === 'waiting') return this.pauseMs();
      this.scannedAt = this.options.clock.elapsed();
    }
    return Math.min(IDLE_MS, this.leaseMs);
  }

  private pauseMs(): number {
    return this.isTimeUp() ? 0 : IDLE_MS;
  }

  /** There may be more to deliver: it is the next turn's. */
  private isTimeUp(): boolean {
    return this.options.transport.isReady && this.options.clock.elapsed() >= this.deliverUntil;
  }

  /** @returns when the disk may be asked again */
  private failed(error: unknown, takesNothing: boolean): number {
    const { clock, log } = this.options;
    const reason = error instanceof SpoolFull ? `it is full: ${error.message}` : errorMessage(error);
    if (this.fault === undefined)
      log.warn(
        takesNothing
          ? `the spool in ${this.directory.path} takes nothing: ${reason}; segments stay in memory`
          : `the spool in ${this.directory.path} has a fault: ${reason}`,
        FAILURE,
      );
    this.fault = reason;
    // It waits longer each time, not twice for what a single turn meets.
    const next = Math.max(this.writeAgainAt, this.diskAgainAt);
    return next > clock.elapsed() ? next : clock.elapsed() + this.backoff.next();
  }

  /** The disk did what was asked of it. */
  private recovered(): void {
    const { log } = this.options;
    if (!this.isUnwritten) {
      this.backoff.reset();
      if (this.fault !== undefined) log.over([FAILURE], `the spool in ${this.directory.path} takes segments again`);
    } else {
      // Whether it takes segments again nothing has shown, until nothing waits for it any more.
      if (this.writer.pendingBlocks.length > 0) return;
      if (this.fault !== undefined)
        log.over([FAILURE], `nothing waits for the spool in ${this.directory.path} any more`);
    }
    this.fault = undefined;
  }

  /**
   * Writes what waits, if the disk may be asked.
   * @param goesOn asked before each block
   * @returns whether another process has claimed what is there
   */
  private async write(goesOn?: () => boolean): Promise<boolean> {
    const { writer } = this;
    if (writer.pendingBlocks.length === 0 || this.options.clock.elapsed() < this.writeAgainAt) return false;
    const [first] = writer.pendingBlocks;
    try {
      const claim = await writer.write(goesOn);
      // Where `goesOn` said no at once, nothing was asked of the disk.
      if (writer.pendingBlocks[0] !== first) this.isUnwritten = false;
      return claim !== undefined;
    } catch (error) {
      this.isUnwritten = true;
      this.writeAgainAt = this.failed(error, true);
      return false;
    }
  }

  /** Another process took this one for dead: what is on the disk is its to deliver. */
  private async beginAnew(): Promise<void> {
    const { key } = this.writer;
    this.counts.takenOver += this.writer.written.reduce((sum, { segments, resolved }) => sum + segments - resolved, 0);
    this.options.log.warn(
      'another process took this one for dead and delivers its spool; it begins a new one',
      'taken',
    );
    await this.writer.abandon();
    await this.directory.remove(`${key}.owner`);
    const left = (await this.claims.read(key))?.isDone === true ? await this.directory.listKey(key) : undefined;
    if (left) await removeKey(this.directory, left);
  }

  private async renew(): Promise<void> {
    const { clock } = this.options;
    if (clock.elapsed() - this.touchedAt < this.leaseMs) return;
    const { key } = this.writer;
    if (await this.claims.read(key)) await this.beginAnew();
    try {
      await this.directory.touch(`${this.writer.key}.owner`, clock.now());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // The directory was cleared, or another process took us for dead and has finished.
      await this.directory.prepare();
      await this.lost();
    }
    this.touchedAt = clock.elapsed();
  }

  /** The files of ours are gone without a claim: what was in them is lost. */
  private async lost(): Promise<void> {
    const listing = await this.directory.listKey(this.writer.key);
    for (const file of this.writer.written) if (!listing?.files.some(({ name }) => name === file.name)) this.lose(file);
    await this.writer.abandon();
  }

  private lose(file: WrittenFile): void {
    const count = file.segments - file.resolved;
    file.resolved = file.segments;
    this.resolve(count, 'spool-corrupt');
  }

  private drop(reason: BlockResult, count: number): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + count;
  }

  /** Between two blocks that are delivered. */
  private async mayGoOn(): Promise<boolean> {
    await this.renewQuietly();
    return this.options.transport.isReady && this.hasTime();
  }

  /** Counted from the first question: however slow the disk is, a turn delivers something. */
  private hasTime(): boolean {
    const now = this.options.clock.elapsed();
    this.deliverUntil = Math.min(this.deliverUntil, now + DELIVER_MS);
    return now < this.deliverUntil;
  }

  private async renewQuietly(): Promise<void> {
    const { clock } = this.options;
    if (clock.elapsed() - this.touchedAt < this.leaseMs) return;
    // A claim, or files that are gone, are for the next turn to see.
    await this.directory.touch(`${this.writer.key}.owner`, clock.now()).catch(() => undefined);
  }

  private async deliverOwn(signal: AbortSignal): Promise<RunEnd> {
    if (this.writer.written.length > 0) {
      const { key } = this.writer;
      const job = {
        key,
        token: tokenOf(key),
        isOwn: true,
        isStillOurs: () => this.isUnclaimed(key),
      };
      for (const file of this.writer.written) {
        // Not before those that are older are gone: a backend that takes nothing would have a file made each time.
        if (file.name === this.writer.openName) await this.writer.rotate();
        const onResult = (count: number, result: BlockResult): void => {
          file.resolved += count;
          this.resolve(count, result);
        };
        const end = await this.reading.run({ ...job, onResult }, file, signal);
        if (end === 'lost') {
          this.touchedAt = -Infinity;
          await this.renew();
          return 'waiting';
        }
        if (end === 'waiting') return end;
        this.lose(file);
        await this.writer.forget(file);
      }
    }
    return this.deliverPending(signal);
  }

  /** Without a file that shows that this process lives, what it left was delivered, and the claim is gone, too. */
  private async isUnclaimed(key: string): Promise<boolean> {
    if (this.writer.key !== key || (await this.claims.read(key))) return false;
    return this.directory.has(`${key}.owner`);
  }

  /** Straight from memory, without the way over the disk. */
  private async deliverPending(signal: AbortSignal): Promise<RunEnd> {
    const { codec, source, delivery } = this.options;
    this.seal();
    for (let block = this.writer.takePending(); block; block = this.writer.takePending()) {
      const segments = new RecordSegments(recordsOf(block.bytes), codec, true);
      this.inFlight = block;
      const fate = await this.transport.deliver(segments, source, signal);
      this.inFlight = undefined;
      if (fate === 'untouched' || (fate === 'unknown' && delivery === 'at-least-once')) {
        this.writer.putBack(block);
        return 'waiting';
      }
      const { unreadable } = segments;
      if (unreadable > 0) this.resolve(unreadable, 'spool-corrupt');
      this.resolve(block.count - unreadable, fate === 'stored' ? 'sent' : fate === 'refused' ? fate : 'fate-unknown');
      if (!this.hasTime()) return 'waiting';
    }
    return 'delivered';
  }

  private async writeMeanwhile(goesOn?: () => boolean): Promise<void> {
    // Another process may have claimed what is there: that is for `renew` to see, in the next turn.
    if (this.writer.key === '' || this.touchedAt === -Infinity) return;
    if (await this.write(goesOn)) this.touchedAt = -Infinity;
  }

  private resolve(count: number, result: BlockResult): void {
    if (count === 0) return;
    if (result === 'sent') this.counts.delivered += count;
    else this.drop(result, count);
    this.options.onResult(count, result);
  }
}
