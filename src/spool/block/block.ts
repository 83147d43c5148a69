import type { Clock } from '../../base/clock';
import { GrowingBuffer } from '../../base/growing-buffer';
import { GRPC_PREFIX_BYTES, MAX_MESSAGE_BYTES } from '../../model/limits';
import type { Segment } from '../../model/segment';
import { crc32c } from './crc32c';
import { type SealLimits, shouldSeal } from '../policies';
import type { SpoolCodec } from '../ports';

/*
 * A block, all numbers big-endian:
 *
 *    0  u32  MAGIC
 *    4  u32  CRC-32C of the body, and then of the header behind this field
 *    8  u32  bytes of the body
 *   12  u32  records in the body
 *   16  f64  when it was sealed, milliseconds since 1970
 *   24  u32  kind
 *   28       the body: records, each with the five bytes of a gRPC message before it
 */

/** "SKYB" */
export const BLOCK_MAGIC = 0x534b_5942;
export const BLOCK_HEADER_BYTES = 28;
/** One segment takes 4 MB at most, and a block is sealed long before a second one of that size. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

const KINDS = ['owner', 'segments'] as const;
/** `owner`: one record, JSON, the first block of each file. `segments`: what is to be delivered. */
type BlockKind = (typeof KINDS)[number];

export interface BlockHeader {
  readonly kind: BlockKind;
  readonly bodyBytes: number;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/**
 * Fills in the header of a block whose body stands behind it in `block`.
 *
 * @param bodyCrc CRC-32C of the body, where that is known
 */
export function sealBlock(
  block: Buffer,
  { kind, count, time }: Omit<BlockHeader, 'bodyBytes'>,
  bodyCrc = crc32c(block, BLOCK_HEADER_BYTES),
): Buffer {
  block.writeUInt32BE(BLOCK_MAGIC, 0);
  block.writeUInt32BE(block.length - BLOCK_HEADER_BYTES, 8);
  block.writeUInt32BE(count, 12);
  block.writeDoubleBE(time, 16);
  block.writeUInt32BE(KINDS.indexOf(kind), 24);
  block.writeUInt32BE(withHeader(block, bodyCrc), 4);
  return block;
}

/** A block of one record. */
export function blockOf(kind: BlockKind, record: Buffer, time: number): Buffer {
  const block = Buffer.alloc(BLOCK_HEADER_BYTES + GRPC_PREFIX_BYTES + record.length);
  block.writeUInt32BE(record.length, BLOCK_HEADER_BYTES + 1);
  record.copy(block, BLOCK_HEADER_BYTES + GRPC_PREFIX_BYTES);
  return sealBlock(block, { kind, count: 1, time });
}

/** What the bytes say, as far as it makes sense; only {@link isWhole} shows whether it is true. */
export function parseHeader(bytes: Buffer, at = 0): BlockHeader | undefined {
  if (bytes.length - at < BLOCK_HEADER_BYTES || bytes.readUInt32BE(at) !== BLOCK_MAGIC) return undefined;
  const bodyBytes = bytes.readUInt32BE(at + 8);
  const count = bytes.readUInt32BE(at + 12);
  const kind = KINDS[bytes.readUInt32BE(at + 24)];
  if (kind === undefined || count === 0) return undefined;
  if (bodyBytes > MAX_BODY_BYTES || count * GRPC_PREFIX_BYTES > bodyBytes) return undefined;
  return { kind, bodyBytes, count, time: bytes.readDoubleBE(at + 16) };
}

/** Whether a block, header and body, is as it was sealed, record for record. */
export function isWhole(block: Buffer, { count }: BlockHeader): boolean {
  const crc = withHeader(block, crc32c(block, BLOCK_HEADER_BYTES));
  return block.readUInt32BE(4) === crc && countRecords(block) === count;
}

function withHeader(block: Buffer, bodyCrc: number): number {
  return crc32c(block, 8, BLOCK_HEADER_BYTES, bodyCrc);
}

/** The records of a whole block, in their order; not copies. */
export function recordsOf(block: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = BLOCK_HEADER_BYTES; at < block.length;) {
    const from = at + GRPC_PREFIX_BYTES;
    at = from + block.readUInt32BE(at + 1);
    records.push(block.subarray(from, at));
  }
  return records;
}

/** -1: they do not fill the block. */
function countRecords(block: Buffer): number {
  let count = 0;
  let at = BLOCK_HEADER_BYTES;
  for (; at + GRPC_PREFIX_BYTES <= block.length; count++) at += GRPC_PREFIX_BYTES + block.readUInt32BE(at + 1);
  return at === block.length ? count : -1;
}

export interface SealedBlock {
  readonly bytes: Buffer;
  readonly count: number;
}

/** The block that is being filled: encodes segments as they come. */
export class BlockBuilder {
  private readonly buffer = new GrowingBuffer(BLOCK_HEADER_BYTES);
  private count = 0;
  /** CRC-32C of the body so far: over a whole block at once it would hold up the event loop, the first time for milliseconds. */
  private crc = 0;
  private openedAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly codec: SpoolCodec,
    private readonly limits: SealLimits,
  ) {}

  get segments(): number {
    return this.count;
  }

  /** Keeps nothing of the segment, which may be encoded already. @returns false: it cannot be encoded */
  append(segment: Segment | Buffer): boolean {
    const { buffer } = this;
    const { pos } = buffer;
    try {
      const end = Buffer.isBuffer(segment)
        ? pos + segment.copy(buffer.room(segment.length), pos)
        : this.encode(segment);
      if (end - pos > MAX_MESSAGE_BYTES) return false;
      this.crc = crc32c(buffer.room(0), pos, end, this.crc);
      buffer.pos = end;
    } catch {
      // What a span holds came from the application; whatever it is, the segments around it go on.
      return false;
    }
    if (this.count++ === 0) this.openedAt = this.clock.elapsed();
    return true;
  }

  private encode(segment: Segment): number {
    const { buffer, codec } = this;
    const bound = codec.maxSize(segment);
    // The bound reckons with three bytes a character, so past this even ASCII is too large.
    return bound > 3 * MAX_MESSAGE_BYTES ? Infinity : codec.encode(buffer.room(bound), buffer.pos, segment);
  }

  get isDue(): boolean {
    const { count, limits } = this;
    const ageMs = count > 0 ? this.clock.elapsed() - this.openedAt : 0;
    return shouldSeal({ bytes: this.buffer.pos - BLOCK_HEADER_BYTES, count, ageMs }, limits);
  }

  /** Everything in it, as one block; it begins anew. */
  seal(): SealedBlock | undefined {
    const { buffer, count, crc } = this;
    if (count === 0) return undefined;
    this.count = 0;
    this.crc = 0;
    return { bytes: sealBlock(buffer.take(), { kind: 'segments', count, time: this.clock.now() }, crc), count };
  }
}
