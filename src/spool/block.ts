import { GRPC_PREFIX_BYTES } from '../model/limits';
import { crc32c } from './crc32c';

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
  if (kind === undefined || bodyBytes > MAX_BODY_BYTES || count * GRPC_PREFIX_BYTES > bodyBytes) return undefined;
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
