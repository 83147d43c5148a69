import { BLOCK_HEADER_BYTES, BLOCK_MAGIC, isWhole, parseHeader, type BlockHeader } from './block';

/** The bytes of a file, up to a size that no longer changes. */
export interface ByteSource {
  readonly size: number;
  /** Fills `into` with the bytes at `position`; resolves to fewer where there are no more. */
  read(into: Buffer, position: number): Promise<number>;
}

/**
 * What stands at a place of the file.
 *
 * - `block`: it is whole.
 * - `corrupt`: it is not, and a whole block follows.
 * - `torn`: it is not, and no whole block follows: the end that a process was writing when it died.
 */
export type Piece =
  | {
      readonly type: 'block';
      readonly from: number;
      readonly to: number;
      readonly header: BlockHeader;
      readonly bytes: Buffer;
    }
  | { readonly type: 'corrupt' | 'torn'; readonly from: number; readonly to: number; readonly reason: string };

const MAGIC_BYTES = Buffer.from(BLOCK_MAGIC.toString(16), 'hex');
const SEARCH_BYTES = 64 * 1024;
/**
 * The search for a whole block behind a corrupt one may read this much for candidates that turn out to be none: a file
 * made of nothing but beginnings of blocks does not keep the reader busy.
 */
const MAX_CANDIDATE_BYTES = 64 * 1024 * 1024;
/** A candidate counts for so much at least: to read few bytes takes hardly less time. */
const MIN_CANDIDATE_BYTES = 8 * 1024;
/** And it goes so far: a sparse file of terabytes takes no room on the disk, and days to be searched. */
const MAX_SEARCH_BYTES = 64 * 1024 * 1024;

/** Reads one file, block by block, holding no more than one in memory. Throws only where `source.read` does. */
export class BlockReader {
  private candidateBytes = 0;

  constructor(private readonly source: ByteSource) {}

  /** @param from where a block begins @returns undefined: there is nothing more */
  async next(from: number): Promise<Piece | undefined> {
    const { size } = this.source;
    if (from >= size) return undefined;
    const block = await this.blockAt(from);
    if (typeof block !== 'string') return block;
    const to = await this.findBlock(from + 1);
    return to === undefined
      ? { type: 'torn', from, to: size, reason: block }
      : { type: 'corrupt', from, to, reason: block };
  }

  /** @returns a text: why there is none */
  private async blockAt(from: number): Promise<Piece | string> {
    const { source } = this;
    const head = Buffer.alloc(BLOCK_HEADER_BYTES);
    if ((await source.read(head, from)) < BLOCK_HEADER_BYTES) return 'cut-short';
    const header = parseHeader(head);
    if (!header) return 'no-header';
    const to = from + BLOCK_HEADER_BYTES + header.bodyBytes;
    if (to > source.size) return 'cut-short';
    const bytes = Buffer.allocUnsafe(to - from);
    if ((await source.read(bytes, from)) < bytes.length) return 'cut-short';
    if (isWhole(bytes, header)) return { type: 'block', from, to, header, bytes };
    this.candidateBytes += Math.max(bytes.length, MIN_CANDIDATE_BYTES);
    return 'checksum';
  }

  /** The next place, from `from` on, where a whole block begins. */
  private async findBlock(from: number): Promise<number | undefined> {
    const { source } = this;
    const chunk = Buffer.alloc(Math.min(SEARCH_BYTES, source.size - from));
    // Chunks overlap, so that a header across the border of two is found, in the second.
    const end = Math.min(source.size, from + MAX_SEARCH_BYTES);
    for (let at = from; at < end; at += SEARCH_BYTES - BLOCK_HEADER_BYTES + 1) {
      const found = chunk.subarray(0, await source.read(chunk, at));
      for (let hit = found.indexOf(MAGIC_BYTES); hit !== -1; hit = found.indexOf(MAGIC_BYTES, hit + 1)) {
        const header = parseHeader(found, hit);
        if (!header || at + hit + BLOCK_HEADER_BYTES + header.bodyBytes > source.size) continue;
        if (this.candidateBytes > MAX_CANDIDATE_BYTES) return undefined;
        if (typeof (await this.blockAt(at + hit)) !== 'string') return at + hit;
      }
    }
    return undefined;
  }
}
