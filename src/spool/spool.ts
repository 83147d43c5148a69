import type { SpoolStatus } from '../api/status';
import type { Clock, Timer } from '../base/clock';
import type { Log } from '../base/log';
import { Backoff, Loop } from '../base/loop';
import { errorMessage } from '../base/text';
import type { Segment } from '../model/segment';
import { BlockBuilder, recordsOf, type SealedBlock } from './block';
import { BlockWriter, type WrittenFile } from './block-writer';
import { type Claim, Claims, type ReaderPosition, removeKey, tokenOf } from './claim';
import { DiskBudget, SpoolFull } from './disk-budget';
import {
  type BlockResult,
  countSegments,
  FileDelivery,
  type FilePart,
  ownerOf,
  type ReadJob,
  RecordSegments,
  type RunEnd,
} from './file-delivery';
import { LEASE_MS, LeaseWatch } from './lease-watch';
import {
  type AdoptPolicy,
  type DropPolicy,
  type FsyncPolicy,
  type MemoryState,
  type SealLimits,
  shouldAdopt,
  spillCount,
} from './policies';
import type { DeliveryFate, SegmentSource, SpoolCodec, SpoolTransport } from './ports';
import { type KeyListing, SpoolDirectory, type SpoolFile, type SpoolOwner } from './spool-directory';

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
/** A backend has so long to take a block before what waits meanwhile goes to the disk. */
const PATIENCE_MS = 500;
/** Even with a disk that takes nothing a process shows often enough that it lives. */
const LONGEST_BACKOFF_MS = 30_000;
const FAILURE = 'spool';

/** The spool of one process: segments go to the disk, and from there to the backend, also those of processes that died. */
export class Spool {
  private readonly directory: SpoolDirectory;
  private readonly leases: LeaseWatch;
  private readonly claims: Claims;
  private readonly builder: BlockBuilder;
  private readonly writer: BlockWriter;
  private readonly reading: FileDelivery;
  private readonly loop: Loop;
  private readonly backoff: Backoff;
  private readonly leaseMs: number;
  private readonly scanMs: number;
  private fault: string | undefined;
  private hasEnded = false;
  private touchedAt = -Infinity;
  private scannedAt = -Infinity;
  private deliverUntil = Infinity;
  private beingRead = '';
  /** From memory straight to the backend. */
  private inFlight: SealedBlock | undefined;
  /** Sealed blocks have become too many while the backend takes its time. */
  private onCrowded: () => void = () => undefined;
  /** The disk took not all that was to be written: nothing has been written since. */
  private isUnwritten = false;
  /** Before, nothing is written. */
  private writeAgainAt = -Infinity;
  /** Before, the disk is asked for nothing but to write. */
  private diskAgainAt = -Infinity;
  private readonly counts = { delivered: 0, tornBytes: 0, corruptBlocks: 0, takenOver: 0, adopted: 0 };
  private readonly dropped: Partial<Record<BlockResult, number>> = {};
  /** Keys that others have left with nothing to deliver, and when their owners, which cannot be seen from here, last showed that they live. */
  private readonly leftovers = new Map<string, number>();
  private readonly adoptedFrom: SpoolStatus['adoptedFrom'][number][] = [];
  private shared = { files: 0, bytes: 0 };

  constructor(private readonly options: SpoolParts) {
    const { clock, codec, delivery, log, settings, source } = options;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    // A process that looks away for long has not watched.
    this.scanMs = Math.min(SCAN_MS, this.leaseMs);
    const directory = new SpoolDirectory(settings.directory);
    this.directory = directory;
    this.leases = new LeaseWatch(directory, clock, this.leaseMs);
    const { leases } = this;
    this.claims = new Claims({ directory, clock, leases });
    const { claims } = this;
    const budget = new DiskBudget({
      ...settings,
      directory,
      claims,
      leases,
      isInUse: (name) => name === this.beingRead || name === this.writer.openName,
      give: (key, file) => this.giveUp(key, file, 'spool-full'),
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
    this.reading = new FileDelivery({
      directory,
      claims,
      codec,
      transport: { deliver: (...block) => this.deliver(...block) },
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
      directoryFiles: this.shared.files,
      directoryBytes: this.shared.bytes,
      ...this.counts,
      adoptedFrom: [...this.adoptedFrom],
      droppedBecause: { ...this.dropped },
      fault: this.fault ?? null,
    };
  }

  private seal(): void {
    const block = this.builder.seal();
    if (!block) return;
    this.writer.add(block);
    this.loop.wake();
    if (this.writer.isCrowded) this.onCrowded();
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
    // With a backend there, what was not yet written need not be, unless it becomes too much: see `deliver`.
    if (!transport.isReady && (await this.write())) await this.beginAnew();
    if (transport.isReady && (await this.deliverOwn(signal)) === 'waiting') return this.pauseMs();
    if (this.options.clock.elapsed() - this.scannedAt >= this.scanMs && (await this.scan(signal)) === 'waiting')
      return this.pauseMs();
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
        const position = await this.claims.position(key);
        const end = await this.runFile({ ...job, onResult }, file, position, signal);
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
      const fate = await this.deliver(segments, source, signal);
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

  /** A backend may know us and yet take nothing, or less than comes: what waits meanwhile goes to the disk. */
  private async deliver(...block: Parameters<SpoolTransport['deliver']>): Promise<DeliveryFate> {
    const answer = this.options.transport.deliver(...block);
    const { clock } = this.options;
    let writeUntil = Infinity;
    const isOver = (fate?: DeliveryFate): boolean => {
      // What one that takes nothing has left is written for some time, what another may take at once is not.
      writeUntil = fate === 'untouched' ? clock.elapsed() + DELIVER_MS : -Infinity;
      return true;
    };
    const answered = answer.then(isOver, () => isOver());
    await this.patience(answered);
    for (;;) {
      const crowded = this.crowded();
      await this.relieve(() => clock.elapsed() < writeUntil);
      if (await Promise.race([answered, crowded])) return answer;
    }
  }

  /** Resolves when it has answered, or should have: one that does so soon is not to wait for the disk. Full memory is for the disk at once. */
  private async patience(answered: Promise<unknown>): Promise<void> {
    const { writer } = this;
    if (!writer.hasRoom) return;
    let timer: Timer | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = this.options.clock.after(PATIENCE_MS, resolve);
      this.onCrowded = () => {
        if (!writer.hasRoom) resolve();
      };
    });
    await Promise.race([answered, isOver]);
    timer?.cancel();
  }

  /** Resolves when sealed blocks have become too many. */
  private crowded(): Promise<false> {
    return new Promise((resolve) => {
      this.onCrowded = () => resolve(false);
    });
  }

  private async relieve(goesOn: () => boolean): Promise<void> {
    const { writer } = this;
    if (writer.isCrowded) await this.writeMeanwhile(() => !writer.isEased && goesOn());
  }

  private async writeMeanwhile(goesOn?: () => boolean): Promise<void> {
    // Another process may have claimed what is there: that is for `renew` to see, in the next turn.
    if (this.writer.key === '' || this.touchedAt === -Infinity) return;
    if (await this.write(goesOn)) this.touchedAt = -Infinity;
  }

  private async runFile(job: ReadJob, file: FilePart, position: ReaderPosition, signal: AbortSignal): Promise<RunEnd> {
    this.beingRead = file.name;
    try {
      return await this.reading.run(job, file, position, signal);
    } finally {
      this.beingRead = '';
    }
  }

  private resolve(count: number, result: BlockResult): void {
    if (count === 0) return;
    if (result === 'sent') this.counts.delivered += count;
    else this.drop(result, count);
    this.options.onResult(count, result);
  }

  /** Everything in the directory: what is too old goes, what the dead left is delivered, what is done is cleared away. */
  private async scan(signal: AbortSignal): Promise<RunEnd> {
    const { clock, settings, transport } = this.options;
    const listings = await this.directory.list();
    this.leases.keepOnly(listings);
    for (const key of this.leftovers.keys()) if (!listings.has(key)) this.leftovers.delete(key);
    this.shared = totalOf(listings);
    await this.expireOwn(listings.get(this.writer.key));
    const living: { service: string; instance: string; key: string }[] = [];
    const dead: { listing: KeyListing; owner: SpoolOwner | undefined }[] = [];
    for (const listing of listings.values()) {
      const { key } = listing;
      if (this.isKnownLeftover(listing)) continue;
      const owner = await ownerOf(this.directory, listing);
      if (key === this.writer.key || (await this.leases.isLive(listing, owner))) {
        if (owner) living.push({ ...owner, key });
      } else dead.push({ listing, owner });
    }
    for (const { listing, owner } of dead) {
      // One that cannot be read (the machine lost power) says nothing: it is made anew.
      const claim = listing.isClaimed ? await this.claims.read(listing.key) : undefined;
      if (!claim) await this.expire(listing);
      if (await this.isCleared(listing, owner, claim)) continue;
      if (!owner || !transport.isReady || signal.aborted) continue;
      const own = { service: this.options.source.service, key: this.writer.key };
      const peers = living.filter(({ service }) => service === owner.service);
      const adoptCase = { service: owner.service, own, living: peers, claimedBy: claim?.by };
      if (!shouldAdopt(settings.adopt, adoptCase)) continue;
      if ((await this.adopt(listing.key, owner, signal)) === 'waiting') return 'waiting';
    }
    this.scannedAt = clock.elapsed();
    return 'delivered';
  }

  private async adopt(key: string, owner: SpoolOwner, signal: AbortSignal): Promise<RunEnd> {
    const claimer = this.writer.key;
    const claim = await this.claims.take(key, claimer);
    if (!claim) return 'delivered';
    const { service, instance, pid } = owner;
    this.options.log.info(`spool: process ${pid} (${instance}) has died; its segments are delivered`);
    this.noteAdopted(service, instance, pid);
    const job: ReadJob = {
      key,
      token: tokenOf(claimer),
      isOwn: false,
      isStillOurs: () => this.claims.isHeldBy(key, claimer),
      onResult: (count, result) => {
        if (result === 'sent') this.counts.adopted += count;
        else this.drop(result, count);
      },
    };
    const files = (await this.directory.listKey(key))?.files ?? [];
    for (const { name, sequence } of files) {
      const end = claim.ends?.[name];
      if (end === undefined) continue;
      const position = await this.claims.position(key);
      const ending = await this.runFile(job, { name, sequence, end }, position, signal);
      if (ending !== 'delivered') return ending === 'lost' ? 'delivered' : ending;
    }
    await this.claims.finish(key, claimer);
    const left = await this.directory.listKey(key);
    if (left && (await this.mayClear(left, owner))) await removeKey(this.directory, left);
    return 'delivered';
  }

  private noteAdopted(service: string, instance: string, pid: number): void {
    const { adoptedFrom } = this;
    if (adoptedFrom.some((one) => one.pid === pid && one.instance === instance)) return;
    adoptedFrom.push({ service, instance, pid });
    if (adoptedFrom.length > 20) adoptedFrom.shift();
  }

  /** Nothing more is read of it until its owner shows itself again, or it is old enough to be cleared away. */
  private isKnownLeftover({ key, ownerTime, files, corrupt }: KeyListing): boolean {
    if (ownerTime === undefined || this.leftovers.get(key) !== ownerTime || files.length + corrupt.length > 0)
      return false;
    // Looked at in any case: what is not watched counts as live.
    return this.leases.isOverdue({ key, ownerTime }) && !this.isExpired({ time: ownerTime });
  }

  /** @returns whether nothing of it is left to deliver */
  private async isCleared(
    listing: KeyListing,
    owner: SpoolOwner | undefined,
    claim: Claim | undefined,
  ): Promise<boolean> {
    const { key, files, ownerTime } = listing;
    const hasFiles = files.length > 0;
    // A claimer that died before it could say so has delivered all that is no longer there.
    const isDone = claim ? claim.isDone || (!hasFiles && !(await this.leases.isLiveKey(claim.by))) : !hasFiles;
    if (!isDone) return !hasFiles;
    if (await this.mayClear(listing, owner)) await removeKey(this.directory, listing);
    else if (ownerTime !== undefined && owner && (await this.directory.stateOf(owner)) === 'unseen')
      this.leftovers.set(key, ownerTime);
    return true;
  }

  /**
   * Whether what a finished delivery leaves is of no use any more. An owner that was only frozen has yet to see it. One
   * that shares no pids with us may be frozen, too, but not for as long as segments are kept: should it come back all
   * the same, it finds its files gone, and begins anew.
   */
  private async mayClear({ key, ownerTime }: KeyListing, owner: SpoolOwner | undefined): Promise<boolean> {
    const state = owner ? await this.directory.stateOf(owner) : 'gone';
    if (state !== 'unseen') return state === 'gone';
    // Others' clocks may differ from ours. One that lives is seen by its touching the file, whatever the date is.
    return ownerTime === undefined || (this.isExpired({ time: ownerTime }) && !(await this.leases.isLiveKey(key)));
  }

  private async expire({ key, files, corrupt }: KeyListing): Promise<void> {
    for (const file of [...files, ...corrupt]) if (this.isExpired(file)) await this.giveUp(key, file, 'spool-expired');
  }

  private async expireOwn(own: KeyListing | undefined): Promise<void> {
    if (!own) return;
    if ([...own.files, ...own.corrupt].some((file) => this.isExpired(file))) await this.writer.rotate();
    await this.expire(own);
  }

  private isExpired({ time }: Pick<SpoolFile, 'time'>): boolean {
    return this.options.clock.now() - time > this.options.settings.maxAgeMs;
  }

  private async giveUp(key: string, file: SpoolFile, reason: 'spool-full' | 'spool-expired'): Promise<void> {
    const own = key === this.writer.key ? this.writer.written.find(({ name }) => name === file.name) : undefined;
    const isSpool = file.name.endsWith('.spool');
    const count = own ? own.segments - own.resolved : isSpool ? await countSegments(this.directory, file) : 0;
    if (own) {
      // It may be among those that are about to be read.
      own.resolved = own.segments;
      try {
        await this.writer.forget(own);
      } catch (error) {
        // It is still there, and tried again.
        own.resolved -= count;
        throw error;
      }
    } else await this.directory.remove(file.name);
    if (count === 0) return;
    this.options.log.warn(`spool: ${count} segments were given up: ${reason}`, reason);
    if (own) this.resolve(count, reason);
    else this.drop(reason, count);
  }
}

function totalOf(listings: ReadonlyMap<string, KeyListing>): { files: number; bytes: number } {
  let files = 0;
  let bytes = 0;
  for (const listing of listings.values()) {
    files += listing.files.length;
    for (const file of [...listing.files, ...listing.corrupt]) bytes += file.bytes;
  }
  return { files, bytes };
}
