import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BLOCK_HEADER_BYTES, blockOf, parseHeader, recordsOf, sealBlock } from '../../src/spool/block/block';
import { BlockReader, type ByteSource, type Piece } from '../../src/spool/block/block-reader';
import { crc32c } from '../../src/spool/block/crc32c';
import { countSegments } from '../../src/spool/file-delivery';
import { SpoolDirectory } from '../../src/spool/spool-directory';

/** A file in memory, which counts what is read of it. */
function fileOf(bytes: Buffer): ByteSource & { bytesRead: number; reads: number } {
  return {
    size: bytes.length,
    bytesRead: 0,
    reads: 0,
    read(into, position) {
      const copied = bytes.copy(into, 0, position);
      this.bytesRead += copied;
      this.reads++;
      return Promise.resolve(copied);
    },
  };
}

async function readAll(bytes: Buffer, from = 0): Promise<Piece[]> {
  const reader = new BlockReader(fileOf(bytes));
  const pieces: Piece[] = [];
  for (let piece = await reader.next(from); piece; piece = await reader.next(piece.to)) pieces.push(piece);
  return pieces;
}

function segmentsBlock(records: readonly Buffer[], time = 1): Buffer {
  const framed = records.map((record) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(record.length, 1);
    return Buffer.concat([head, record]);
  });
  return sealBlock(Buffer.concat([Buffer.alloc(BLOCK_HEADER_BYTES), ...framed]), {
    kind: 'segments',
    count: records.length,
    time,
  });
}

const OWNER = blockOf('owner', Buffer.from('{}'), 1);
const FIRST = segmentsBlock([Buffer.from('one'), Buffer.from('two')]);
const SECOND = segmentsBlock([Buffer.from('three')]);
const THIRD = segmentsBlock([Buffer.alloc(0), Buffer.alloc(70_000, 'x')]);

/** A header that makes sense as far as its body and records go. */
function headOf(bodyBytes: number, count: number): Buffer {
  const head = Buffer.from(FIRST.subarray(0, BLOCK_HEADER_BYTES));
  head.writeUInt32BE(bodyBytes, 8);
  head.writeUInt32BE(count, 12);
  return head;
}

const textsOf = (pieces: readonly Piece[]): string[] =>
  pieces.flatMap((piece) => (piece.type === 'block' ? recordsOf(piece.bytes).map(String) : [piece.type]));

describe('CRC-32C', () => {
  it.each([
    ['123456789', 0xe306_9283],
    ['', 0],
    ['The quick brown fox jumps over the lazy dog', 0x2262_0404],
  ])('of %j is the published value', (text, expected) => {
    expect(crc32c(Buffer.from(text))).toBe(expected);
  });

  it('of 32 zeros and of 32 times 0xff is that of RFC 3720', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a91_36aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8_ab43);
  });
});

it('CRC-32C of two pieces is that of both together', () => {
  const bytes = Buffer.from('The quick brown fox jumps over the lazy dog');
  for (let cut = 0; cut <= bytes.length; cut++)
    expect(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut))).toBe(0x2262_0404);
});

describe('a spool file', () => {
  it('is read block by block', async () => {
    const pieces = await readAll(Buffer.concat([OWNER, FIRST, SECOND]));
    expect(textsOf(pieces)).toEqual(['{}', 'one', 'two', 'three']);
    expect(pieces.every(({ type }) => type === 'block')).toBe(true);
  });

  it('is read on from a recorded place', async () => {
    expect(textsOf(await readAll(Buffer.concat([OWNER, FIRST, SECOND]), OWNER.length + FIRST.length))).toEqual([
      'three',
    ]);
  });

  it('loses nothing but its end when it is cut anywhere', async () => {
    const whole = Buffer.concat([FIRST, SECOND]);
    for (let length = 0; length <= whole.length; length++) {
      const expected = [
        ...(length >= FIRST.length ? ['one', 'two'] : []),
        ...(length === whole.length ? ['three'] : []),
        ...(length > 0 && length !== FIRST.length && length !== whole.length ? ['torn'] : []),
      ];
      expect(textsOf(await readAll(whole.subarray(0, length)))).toEqual(expected);
    }
  });

  it('loses one block where any one byte of it is another', async () => {
    for (let at = 0; at < FIRST.length; at++) {
      const damaged = Buffer.from(Buffer.concat([FIRST, SECOND]));
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      // The five bytes before a record begin with one that says nothing; the checksum covers it all the same.
      expect(textsOf(await readAll(damaged))).toEqual(['corrupt', 'three']);
    }
  });

  it('is found again behind garbage of any length, also across the chunks of the search', async () => {
    for (const length of [1, 27, 28, 65_533, 65_534, 65_535, 65_536, 131_072]) {
      const pieces = await readAll(Buffer.concat([FIRST, Buffer.alloc(length, 'S'), SECOND]));
      expect(textsOf(pieces)).toEqual(['one', 'two', 'corrupt', 'three']);
    }
  });

  it('made of nothing but beginnings of large blocks is given up after a bounded amount of reading', async () => {
    const bytes = Buffer.alloc(12 * 1024 * 1024);
    const head = Buffer.from(FIRST.subarray(0, BLOCK_HEADER_BYTES));
    head.writeUInt32BE(8 * 1024 * 1024, 8);
    for (let at = 0; at + BLOCK_HEADER_BYTES < bytes.length; at += BLOCK_HEADER_BYTES) head.copy(bytes, at);
    const file = fileOf(bytes);
    expect((await new BlockReader(file).next(0))?.type).toBe('torn');
    expect(file.bytesRead).toBeLessThan(100 * 1024 * 1024);
  });

  it.each([
    ['nothing but the first word of blocks', Buffer.from('SKYB')],
    ['headers of blocks that reach behind its end', headOf(8 * 1024 * 1024, 1)],
    ['headers of blocks without a record', headOf(0, 0)],
    ['headers of the smallest blocks', headOf(5, 1)],
  ])('made of %s is given up after few reads', async (_, part) => {
    const file = fileOf(Buffer.alloc(4 * 1024 * 1024, part));
    const end = (await new BlockReader(file).next(1))?.type;
    expect(end).toBe('torn');
    expect(file.reads).toBeLessThan(20_000);
  });

  it('is searched no further than a file of ours is long, where it is one of terabytes without a block', async () => {
    let bytesRead = 0;
    const read = (into: Buffer): Promise<number> => {
      bytesRead += into.length;
      return Promise.resolve(into.fill(0).length);
    };
    const size = 2 ** 41;
    expect(await new BlockReader({ size, read }).next(0)).toMatchObject({ type: 'torn', to: size });
    expect(bytesRead).toBeLessThan(70 * 1024 * 1024);
  });

  it('whose header announces more than a block may hold is not believed', () => {
    const head = Buffer.from(FIRST);
    head.writeUInt32BE(8 * 1024 * 1024 + 1, 8);
    expect(parseHeader(head)).toBeUndefined();
  });

  it('whose header announces no record is not believed: none of ours is without', () => {
    expect(parseHeader(headOf(0, 0))).toBeUndefined();
    expect(parseHeader(headOf(5, 0))).toBeUndefined();
  });

  it('of very many small blocks is counted by few reads', async () => {
    const blocks = 60_000;
    const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-blocks-'));
    try {
      const name = 'many.spool';
      const small = segmentsBlock([Buffer.alloc(0)]);
      // The second is longer than what is read at once, and the last one is cut off.
      const bytes = Buffer.concat([
        OWNER,
        THIRD,
        ...Array.from({ length: blocks }, () => small),
        small.subarray(0, 20),
      ]);
      writeFileSync(path.join(folder, name), bytes);
      const directory = new SpoolDirectory(folder);
      const handle = await directory.open(name);
      const read = jest.spyOn(handle, 'read');
      jest.spyOn(directory, 'open').mockResolvedValue(handle);
      expect(await countSegments(directory, { name, sequence: 1, bytes: bytes.length, time: 0 })).toBe(2 + blocks);
      expect(read.mock.calls.length).toBeLessThan(blocks / 100);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const KINDS = ['flip', 'cut', 'lose', 'double', 'zero', 'noise', 'swap'] as const;

/** xorshift32: the same numbers for the same seed. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What can happen to a file: bits turn, a stretch is lost, doubled, zeroed or replaced, the end is missing. */
function damaged(bytes: Buffer, number: (below: number) => number): Buffer {
  const from = number(bytes.length + 1);
  const length = number(200);
  const to = Math.min(bytes.length, from + length);
  const [before, stretch, after] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
  switch (KINDS[number(KINDS.length)]) {
    case 'flip': {
      const copy = Buffer.from(bytes);
      if (from < copy.length) copy[from] = (copy[from] ?? 0) ^ (1 + number(255));
      return copy;
    }
    case 'cut':
      return before;
    case 'lose':
      return Buffer.concat([before, after]);
    case 'double':
      return Buffer.concat([before, stretch, stretch, after]);
    case 'zero':
      return Buffer.concat([before, Buffer.alloc(length), after]);
    case 'noise':
      return Buffer.concat([before, Buffer.alloc(length, number(256)), after]);
    default:
      return Buffer.concat([stretch, before, after]);
  }
}

const DAMAGED_FILES = 100_000;
const SEED = Math.floor(Math.random() * 2 ** 31);

it(`yields only whole records of ${DAMAGED_FILES} damaged files, and ends on each (seed ${SEED})`, async () => {
  const known = new Set(['one', 'two', 'three', '{}']);
  const number = numbersFrom(SEED);
  const blocks = [FIRST, SECOND, OWNER];
  let wholeBlocks = 0;
  let damages = 0;
  for (let file = 0; file < DAMAGED_FILES; file++) {
    let bytes: Buffer = Buffer.concat(Array.from({ length: 1 + number(4) }, () => blocks[number(blocks.length)]!));
    for (let left = 1 + number(4); left > 0; left--) bytes = damaged(bytes, number);
    let at = 0;
    for (const piece of await readAll(bytes)) {
      // Every byte belongs to one piece, in order: the reader goes through the file once.
      if (piece.from !== at || piece.to <= at)
        throw new Error(`file ${file}: a piece begins at ${piece.from}, not ${at}`);
      at = piece.to;
      if (piece.type !== 'block') damages++;
      else {
        wholeBlocks++;
        for (const record of recordsOf(piece.bytes))
          if (!known.has(String(record)))
            throw new Error(`file ${file}: a record that was never written: ${String(record)}`);
      }
    }
    if (at !== bytes.length) throw new Error(`file ${file}: ${bytes.length} bytes, read up to ${at}`);
  }
  expect(wholeBlocks).toBeGreaterThan(DAMAGED_FILES / 2);
  expect(damages).toBeGreaterThan(DAMAGED_FILES / 4);
}, 120_000);

it('goes on behind a large block that is damaged', async () => {
  const bytes = Buffer.concat([THIRD, SECOND]);
  bytes[40_000] = 0;
  expect(textsOf(await readAll(bytes))).toEqual(['corrupt', 'three']);
});
