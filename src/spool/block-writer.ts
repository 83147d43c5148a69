import { randomBytes } from 'node:crypto';
import { writevSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../base/clock';
import { blockOf, type SealedBlock } from './block/block';
import { type Claim, type Claims, tokenOf } from './claim';
import type { DiskBudget } from './disk-budget';
import { type FsyncPolicy, shouldSync } from './policies';
import type { SegmentSource } from './ports';
import { type SpoolDirectory, spoolKey, type SpoolOwner } from './spool-directory';

/** A file of ours that is still to be delivered. */
export interface WrittenFile {
  readonly name: string;
  readonly sequence: number;
  /** Where the last whole block ends. */
  end: number;
  blocks: number;
  segments: number;
  /** How many of its segments have a fate that is decided. */
  resolved: number;
  /** When it was made, milliseconds since 1970. */
  readonly createdAt: number;
}

interface OpenFile extends WrittenFile {
  readonly handle: FileHandle;
  /** Up to here there is room for it on the disk. */
  room: number;
}

interface BlockWriterOptions {
  readonly directory: SpoolDirectory;
  readonly claims: Claims;
  readonly budget: DiskBudget;
  readonly clock: Clock;
  readonly source: SegmentSource;
  readonly fsync: FsyncPolicy;
  /** A file of ours was removed while it was written to. */
  onVanished(file: WrittenFile): void;
}

/** Sealed blocks that wait for the disk take no more memory than this. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/** From here on blocks go to the disk although a backend is there, which takes its time. */
const CROWDED_BYTES = 1024 * 1024;

/** Writes blocks to files of this process, one write at a time, each at its place. Rejects where the disk does. */
export class BlockWriter {
  /** Sealed, and not on the disk yet; the first may be on its way. */
  private readonly pending: SealedBlock[] = [];
  private pendingBytes = 0;
  private readonly files = new Map<number, WrittenFile>();
  private current: OpenFile | undefined;
  private sequence = 0;
  private ownKey = '';
  /** The first block of each file. */
  private head: Buffer | undefined;
  private syncedAt = 0;
  private startedAt: number;

  constructor(private readonly options: BlockWriterOptions) {
    this.startedAt = options.clock.now();
  }

  /** The key of all files of this process. Empty before the first `begin`. */
  get key(): string {
    return this.ownKey;
  }

  /** The name of the file that is written to. */
  get openName(): string | undefined {
    return this.current?.name;
  }

  get hasRoom(): boolean {
    return this.pendingBytes < MAX_PENDING_BYTES;
  }

  /** So much waits that it is better off on the disk, also where a backend may take it soon. */
  get isCrowded(): boolean {
    return this.pendingBytes >= CROWDED_BYTES;
  }

  /** So little waits that no more need go to the disk for now. */
  get isEased(): boolean {
    return this.pendingBytes < CROWDED_BYTES / 2;
  }

  get pendingBlocks(): readonly SealedBlock[] {
    return this.pending;
  }

  /** The oldest first; the one that is being written is the last. */
  get written(): readonly WrittenFile[] {
    return [...this.files.values()];
  }

  add(block: SealedBlock): void {
    this.pending.push(block);
    this.pendingBytes += block.bytes.length;
  }

  /** The oldest block that is not on the disk, which is then the caller's. */
  takePending(): SealedBlock | undefined {
    const block = this.pending.shift();
    if (block) this.pendingBytes -= block.bytes.length;
    return block;
  }

  putBack(block: SealedBlock): void {
    this.pending.unshift(block);
    this.pendingBytes += block.bytes.length;
  }

  /** Shows other processes that this one is there; under a new key, if it was there before. */
  async begin(): Promise<void> {
    const { clock, directory, source } = this.options;
    const token = randomBytes(4).toString('hex');
    this.startedAt = clock.now();
    const key = spoolKey(source, this.startedAt, token);
    const owner = await directory.ownOwner(source, this.startedAt);
    await directory.writeJson(`${key}.owner`, owner, token);
    this.head = headOf(owner, this.startedAt);
    this.ownKey = key;
    this.sequence = 0;
    this.files.clear();
  }

  /**
   * Writes what is sealed. A claim that stands there afterwards was made while this process was frozen.
   * @param goesOn asked before each block
   * @returns the claim: nothing more may be written or read under this key
   */
  async write(goesOn = () => true): Promise<Claim | undefined> {
    for (let [block] = this.pending; block && goesOn(); [block] = this.pending) {
      const file = await this.fileFor(block);
      await this.writeAt(file, block.bytes);
      if (await this.hasVanished(file)) continue;
      const claim = await this.options.claims.read(this.ownKey);
      if (claim) {
        const end = file.end + block.bytes.length;
        const own = Object.fromEntries([...this.files.values()].map((one) => [one.name, one.end]));
        const ends = await this.options.claims.endsFor(this.ownKey, { ...own, [file.name]: end });
        if (end <= (ends[file.name] ?? 0)) this.noteWritten(file, block);
        return claim;
      }
      this.noteWritten(file, block);
      await this.sync(file.handle);
    }
    return undefined;
  }

  /** The process ends: writes what is sealed, at once, since it may get no second turn on a busy machine. Throws where the disk does. */
  writeNow(): void {
    const file = this.current;
    if (!file) {
      this.createNow();
      return;
    }
    const blocks = [...this.pending];
    const bytes = blocks.map((block) => block.bytes);
    // At the very place that a write under way may be writing to, the same bytes.
    let written = blocks.length > 0 ? writevSync(file.handle.fd, bytes, file.end) : 0;
    for (const block of blocks) {
      written -= block.bytes.length;
      // The disk is full: what is torn is cut off by the next reader.
      if (written < 0) return;
      this.noteWritten(file, block);
    }
  }

  /** Without a file that shows that the process lives: by the time that it is read, it does not. */
  private beginNow(): Buffer {
    const { clock, directory, source } = this.options;
    directory.prepareNow();
    this.startedAt = clock.now();
    this.ownKey = spoolKey(source, this.startedAt, randomBytes(4).toString('hex'));
    return headOf(directory.ownOwnerNow(source, this.startedAt), this.startedAt);
  }

  /** Everything that is sealed, in one file. Not under the lock, which nothing but waiting brings. */
  private createNow(): void {
    const { budget, clock, directory } = this.options;
    if (this.pending.length === 0) return;
    this.head ??= this.beginNow();
    const sequence = ++this.sequence;
    const name = this.nameOf(sequence);
    const blocks = [...this.pending];
    if (!directory.createNow(name, [this.head, ...blocks.map(({ bytes }) => bytes)], budget.maxBytes)) return;
    const file = { name, sequence, end: this.head.length, blocks: 0, segments: 0, resolved: 0, createdAt: clock.now() };
    for (const block of blocks) this.noteWritten(file, block);
    this.files.set(sequence, file);
  }

  /** What is written from now on goes into another file, so that those before can be read. */
  async rotate(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.handle.close();
    if (current && current.blocks === 0) await this.forget(current);
  }

  /** A file of ours is delivered, or given up. */
  async forget(file: WrittenFile): Promise<void> {
    await this.options.directory.remove(file.name);
    this.files.delete(file.sequence);
  }

  /** Everything of ours in it was taken over by another process, or is gone: it begins anew. */
  async abandon(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.handle.close().catch(() => undefined);
    await this.begin();
  }

  private nameOf(sequence: number): string {
    return `${this.ownKey}.${String(sequence).padStart(6, '0')}.spool`;
  }

  private async fileFor({ bytes }: SealedBlock): Promise<OpenFile> {
    const { budget } = this.options;
    if (this.current && this.current.blocks > 0 && this.current.end + bytes.length > budget.fileBytes)
      await this.rotate();
    const file = (this.current ??= await this.create(bytes.length));
    const to = file.end + bytes.length;
    if (to > file.room) file.room = await budget.reserve(this.ownKey, file.end, to, (room) => room);
    return file;
  }

  private async create(blockBytes: number): Promise<OpenFile> {
    const { budget, claims, clock, directory } = this.options;
    const { head } = this;
    if (!head) throw new Error('there is no owner');
    // While there is room: later it is written over.
    if (this.sequence === 0) await claims.record(this.ownKey, tokenOf(this.ownKey), { sequence: 0, offset: 0 });
    const sequence = ++this.sequence;
    const name = this.nameOf(sequence);
    const { handle, room } = await budget.reserve(this.ownKey, 0, head.length + blockBytes, async (to) => ({
      handle: await directory.create(name),
      room: to,
    }));
    const file: OpenFile = {
      name,
      sequence,
      handle,
      room,
      end: 0,
      blocks: 0,
      segments: 0,
      resolved: 0,
      createdAt: clock.now(),
    };
    try {
      await this.writeAt(file, head);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await directory.remove(name).catch(() => undefined);
      throw error;
    }
    file.end = head.length;
    this.files.set(sequence, file);
    return file;
  }

  /** Whole or not at all: what a full disk took of it is cut off again. */
  private async writeAt({ handle, end }: OpenFile, bytes: Buffer): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, end + at);
        if (bytesWritten === 0) throw new Error('the disk takes nothing');
        at += bytesWritten;
      }
    } catch (error) {
      await handle.truncate(end).catch(() => undefined);
      throw error;
    }
  }

  private noteWritten(file: WrittenFile, block: SealedBlock): void {
    // It was handed over meanwhile, at exit.
    if (this.pending[0] !== block) return;
    this.takePending();
    file.end += block.bytes.length;
    file.blocks++;
    file.segments += block.count;
  }

  /** What was written into a file without a name is written again into another. */
  private async hasVanished(file: OpenFile): Promise<boolean> {
    if ((await file.handle.stat()).nlink > 0 || (await this.options.claims.read(this.ownKey))) return false;
    this.current = undefined;
    await file.handle.close().catch(() => undefined);
    this.files.delete(file.sequence);
    this.options.onVanished(file);
    return true;
  }

  private async sync(handle: FileHandle): Promise<void> {
    const { clock, fsync } = this.options;
    if (!shouldSync(fsync, clock.elapsed() - this.syncedAt)) return;
    this.syncedAt = clock.elapsed();
    await handle.datasync();
  }
}

function headOf(owner: SpoolOwner, time: number): Buffer {
  return blockOf('owner', Buffer.from(JSON.stringify(owner)), time);
}
