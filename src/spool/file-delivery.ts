import type { FileHandle } from 'node:fs/promises';
import type { Segment } from '../model/segment';
import { BLOCK_HEADER_BYTES, parseHeader, recordsOf } from './block/block';
import { BlockReader, type ByteSource, type Piece } from './block/block-reader';
import type { Claims, ReaderPosition } from './claim';
import type { BlockTransport, DeliveryFate, SegmentSource, SpoolCodec } from './ports';
import {
  parseJson,
  parseOwner,
  type KeyListing,
  type SpoolDirectory,
  type SpoolFile,
  type SpoolOwner,
} from './spool-directory';

/** Why segments of a spool were given up. */
type SpoolDropReason =
  /** The stream broke before the backend said that it has them, and they may not be sent twice. */
  | 'fate-unknown'
  | 'refused'
  /** The bytes on the disk are not those that were written. */
  | 'spool-corrupt'
  | 'spool-full'
  | 'spool-expired'
  /** They were not on the disk when the agent was stopped. */
  | 'stopped';

/** What became of the segments of one block. */
export type BlockResult = 'sent' | SpoolDropReason;

/** Whose spool is read, and how. */
export interface ReadJob {
  readonly key: string;
  /** Names the position of the process that reads. */
  readonly token: string;
  /** Whether this very process wrote it. */
  readonly isOwn: boolean;
  /** Whether no other process has taken it over. */
  isStillOurs(): Promise<boolean>;
  /** @param count of segments; what the header said where the block is corrupt and that is readable */
  onResult(count: number, result: BlockResult): void;
}

/** A file, and up to where it is ours to read. */
export interface FilePart {
  readonly name: string;
  readonly sequence: number;
  readonly end: number;
}

/** How a run over a file ended. `waiting`: the backend takes nothing now. `lost`: another process has taken it over. */
export type RunEnd = 'delivered' | 'waiting' | 'lost';

interface FileDeliveryOptions {
  readonly directory: SpoolDirectory;
  readonly claims: Claims;
  readonly codec: SpoolCodec;
  readonly transport: BlockTransport;
  readonly delivery: 'at-most-once' | 'at-least-once' | undefined;
  /** Between two blocks. @returns false: it is to stop for now */
  onBlock(): Promise<boolean>;
  /** Bytes were set aside, or cut off. */
  onDamage(file: string, piece: Piece & { readonly type: 'corrupt' | 'torn' }): void;
}

/** A block whose fate stays unknown is sent so often at most. */
const MAX_BLOCK_ATTEMPTS = 10;
const MAX_SET_ASIDE_BYTES = 1024 * 1024;

/** Brings the blocks of files to the backend, one after the other, and records how far it came. */
export class FileDelivery {
  private attempts = { name: '', from: -1, count: 0 };
  private fileName: string | undefined;

  constructor(private readonly options: FileDeliveryOptions) {}

  /** The name of the file that is read. */
  get openName(): string | undefined {
    return this.fileName;
  }

  /** From the position that is recorded. Rejects where the disk does. */
  async run(job: ReadJob, file: FilePart, signal: AbortSignal): Promise<RunEnd> {
    this.fileName = file.name;
    try {
      return await this.runFrom(await this.options.claims.position(job.key), job, file, signal);
    } finally {
      this.fileName = undefined;
    }
  }

  private async runFrom(position: ReaderPosition, job: ReadJob, file: FilePart, signal: AbortSignal): Promise<RunEnd> {
    const { claims, directory } = this.options;
    if (file.sequence >= position.sequence) {
      const handle = await openIfThere(directory, file.name);
      if (handle) {
        try {
          const from = file.sequence === position.sequence ? position.offset : 0;
          // Where no position can be recorded, nothing is sent that would be sent again and again.
          await claims.record(job.key, job.token, { sequence: file.sequence, offset: from });
          if (from > 0) this.countSkipped(job, position);
          const end = await this.deliver(job, file, handle, from, signal);
          if (end !== 'delivered') return end;
        } finally {
          await handle.close().catch(() => undefined);
        }
      }
      await claims.record(job.key, job.token, { sequence: file.sequence + 1, offset: 0 });
      if (!(await job.isStillOurs())) return 'lost';
    }
    await directory.remove(file.name);
    return 'delivered';
  }

  /** A block that another reader had on its way when it ended is not sent a second time. */
  private countSkipped(job: ReadJob, { reader, unsettled = 0 }: ReaderPosition): void {
    if (reader !== job.token && unsettled > 0) job.onResult(unsettled, 'fate-unknown');
  }

  private async deliver(
    job: ReadJob,
    file: FilePart,
    handle: FileHandle,
    from: number,
    signal: AbortSignal,
  ): Promise<RunEnd> {
    const reader = new BlockReader(sourceOf(handle, file.end));
    const head = await reader.next(0);
    const source = head && sourceIn(head);
    if (!source) {
      // Whose segments these are is not known, and under another name they must not arrive.
      await this.setAside(file, handle, { type: 'corrupt', from: 0, to: file.end, reason: 'no-owner' });
      return 'delivered';
    }
    for (let piece = await reader.next(Math.max(from, head.to)); piece; piece = await reader.next(piece.to)) {
      if (signal.aborted || !(await this.options.onBlock())) {
        // What became of those before is known.
        await this.options.claims.record(job.key, job.token, { sequence: file.sequence, offset: piece.from });
        return 'waiting';
      }
      if (piece.type === 'block') {
        const end = await this.deliverBlock(job, file, piece, source, signal);
        if (end !== 'delivered') return end;
      } else await this.setAside(file, handle, piece);
    }
    return 'delivered';
  }

  private async deliverBlock(
    job: ReadJob,
    file: FilePart,
    piece: Piece & { readonly type: 'block' },
    source: SegmentSource,
    signal: AbortSignal,
  ): Promise<RunEnd> {
    const { claims, delivery, transport } = this.options;
    const { count } = piece.header;
    const { sequence } = file;
    const record = (offset: number): Promise<void> => claims.record(job.key, job.token, { sequence, offset });
    const isOnce = delivery !== 'at-least-once';
    // Sent once at most means: what a crash interrupts is not begun again.
    if (isOnce) await claims.record(job.key, job.token, { sequence, offset: piece.to, unsettled: count });
    if (!(await job.isStillOurs())) return 'lost';
    const segments = new RecordSegments(recordsOf(piece.bytes), this.options.codec, job.isOwn);
    const fate = await transport.deliver(segments, source, signal);
    if (fate === 'untouched' || (fate === 'unknown' && this.mayRepeat(file, piece))) {
      if (isOnce) await record(piece.from);
      return 'waiting';
    }
    if (!isOnce) await record(piece.to);
    const { unreadable } = segments;
    if (unreadable > 0) job.onResult(unreadable, 'spool-corrupt');
    job.onResult(count - unreadable, resultOf(fate));
    return 'delivered';
  }

  /** Whether it is to be sent again, although the backend may have it. */
  private mayRepeat({ name }: FilePart, { from }: Piece): boolean {
    if (this.options.delivery !== 'at-least-once') return false;
    const { attempts } = this;
    if (attempts.name !== name || attempts.from !== from) this.attempts = { name, from, count: 0 };
    return ++this.attempts.count < MAX_BLOCK_ATTEMPTS;
  }

  /** What is corrupt is kept under a name that says so; a torn end is cut off. */
  private async setAside(
    { name, sequence }: FilePart,
    handle: FileHandle,
    piece: Piece & { readonly type: 'corrupt' | 'torn' },
  ): Promise<void> {
    const { directory } = this.options;
    this.options.onDamage(name, piece);
    if (piece.type === 'torn') return;
    const { from, to, reason } = piece;
    const key = name.slice(0, -`.${String(sequence).padStart(6, '0')}.spool`.length);
    const aside = `${key}.${sequence}-${from}.${reason}.corrupt`;
    await directory.remove(aside);
    const bytes = Buffer.alloc(Math.min(to - from, MAX_SET_ASIDE_BYTES));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    const copy = await directory.create(aside);
    try {
      await copy.write(bytes, 0, bytesRead, 0);
    } finally {
      await copy.close().catch(() => undefined);
    }
  }
}

function resultOf(fate: DeliveryFate): BlockResult {
  if (fate === 'stored') return 'sent';
  return fate === 'refused' ? 'refused' : 'fate-unknown';
}

/** Decoded one by one, as they are asked for: a whole block at a stretch would hold up the event loop. */
export class RecordSegments implements Iterable<Segment> {
  /** How many could not be decoded, and were left out. */
  unreadable = 0;

  constructor(
    private readonly records: readonly Buffer[],
    private readonly codec: SpoolCodec,
    private readonly isOwn: boolean,
  ) {}

  *[Symbol.iterator](): Iterator<Segment> {
    this.unreadable = 0;
    for (const record of this.records) {
      const segment = this.decode(record);
      if (segment) yield segment;
      else this.unreadable++;
    }
  }

  private decode(record: Buffer): Segment | undefined {
    try {
      return this.codec.decode(record, this.isOwn);
    } catch {
      return undefined;
    }
  }
}

/** The owner that the first block of a file names. */
function sourceIn(piece: Piece): ReturnType<typeof parseOwner> {
  if (piece.type !== 'block' || piece.header.kind !== 'owner') return undefined;
  const [record] = recordsOf(piece.bytes);
  return record && parseOwner(parseJson(record.toString('utf8')));
}

/** A file up to `end`, which it may have outgrown. */
export function sourceOf(handle: FileHandle, end: number): ByteSource {
  return {
    size: end,
    read: async (into, position) => {
      let at = 0;
      const wanted = Math.min(into.length, end - position);
      while (at < wanted) {
        const { bytesRead } = await handle.read(into, at, wanted - at, position + at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return at;
    },
  };
}

/** Whose it is, by the owner's file or by the first block of the first one. */
export async function ownerOf(directory: SpoolDirectory, { key, files }: KeyListing): Promise<SpoolOwner | undefined> {
  const owner = await directory.readOwner(key);
  const [first] = files;
  if (owner || !first) return owner;
  const handle = await openIfThere(directory, first.name);
  if (!handle) return undefined;
  try {
    const piece = await new BlockReader(sourceOf(handle, first.bytes)).next(0);
    return piece && sourceIn(piece);
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/** What is read at once: blocks may be so small that each by itself would take a hundred times as long. */
const COUNTED_BYTES = 16 * 1024;

/** Segments in a file, by the headers of its blocks alone. */
export async function countSegments(directory: SpoolDirectory, { name, bytes }: SpoolFile): Promise<number> {
  const handle = await openIfThere(directory, name);
  if (!handle) return 0;
  let count = 0;
  try {
    const source = sourceOf(handle, bytes);
    const chunk = Buffer.alloc(Math.min(COUNTED_BYTES, bytes));
    let from = 0;
    let read = chunk.subarray(0, 0);
    for (let at = 0; at < bytes;) {
      if (at + BLOCK_HEADER_BYTES > from + read.length) {
        read = chunk.subarray(0, await source.read(chunk, at));
        from = at;
      }
      const header = parseHeader(read, at - from);
      if (!header) break;
      if (header.kind === 'segments') count += header.count;
      at += BLOCK_HEADER_BYTES + header.bodyBytes;
    }
  } finally {
    await handle.close().catch(() => undefined);
  }
  return count;
}

async function openIfThere(directory: SpoolDirectory, name: string): Promise<FileHandle | undefined> {
  try {
    return await directory.open(name);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}
