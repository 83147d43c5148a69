import { GRPC_PREFIX_BYTES as PREFIX } from '../../src/model/limits';
import { ok, type Outcome } from '../../src/base/outcome';
import type { Batch } from '../../src/export/open-batch';
import type { ExportTarget, SegmentCodec, SegmentEncoding, SegmentSender, SegmentStream } from '../../src/export/ports';
import type { Names } from '../../src/model/names';
import type { Segment } from '../../src/model/segment';
import { someNames } from '../support/wire/names';
import { numbered, numberOf } from './numbered-segments';

const FULL_BATCH_BYTES = 768 * 1024;

/** What was encoded: the number of each segment, and the epoch of the names by which it was encoded. */
interface Decoded {
  readonly number: number;
  readonly epoch: number;
}

/** Both ports, for segments that are numbers: a test scripts the answers, and reads what it was given. */
export class FakeSegments implements SegmentSender {
  /** The numbers in the batches that were written to each stream. */
  readonly streams: number[][][] = [];
  openStreams = 0;
  mostOpenStreams = 0;
  signal: AbortSignal | undefined;
  epoch = 1;
  /** Segments are so large that this number of them fills a batch. */
  mostInBatch = 256;
  readonly unencodable = new Set<number>();
  readonly undecodable = new Set<number>();
  readonly uncountable = new Set<number>();
  /** The number of segments that `writeNow` takes. */
  room = 0;
  /** Called at each step, before it answers. */
  step = (): void => undefined;
  onOpen: () => Promise<Outcome<unknown>> = () => Promise.resolve(ok(undefined));
  onWrite: (numbers: readonly number[]) => Promise<boolean> = () => Promise.resolve(true);
  onEnd: () => Promise<Outcome<undefined>> = () => Promise.resolve(ok(undefined));

  private readonly namesOfNone = someNames({ epoch: 0 });
  private readonly codec: SegmentCodec = {
    maxSize: () => this.size,
    encode: (buf, pos, segment, { epoch }) => {
      const number = numberOf(segment);
      if (this.unencodable.has(number)) throw new Error(`cannot encode ${number}`);
      buf.writeUInt32BE(this.size - PREFIX, pos + 1);
      buf.writeUInt32BE(number, pos + PREFIX);
      buf.writeUInt32BE(epoch, pos + PREFIX + 4);
      return pos + this.size;
    },
    decode: (message) => {
      const number = message.readUInt32BE(0);
      if (this.undecodable.has(number)) throw new Error(`cannot decode ${number}`);
      return numbered(number);
    },
    countUnusableRefs: (segment) => {
      if (this.uncountable.has(numberOf(segment))) throw new Error('cannot count');
      return 0;
    },
  };

  get received(): number[] {
    return this.streams.flat(2);
  }

  /** What segments are exported with, by the epoch of now. */
  target(): ExportTarget {
    return { sender: this, codec: this.codec, names: someNames({ epoch: this.epoch }) };
  }

  /** What segments are encoded with while no backend knows us: names of no registration. */
  byName(): SegmentEncoding {
    return { codec: this.codec, names: this.namesOfNone };
  }

  async open(_names: Names, signal: AbortSignal): Promise<Outcome<SegmentStream>> {
    this.step();
    this.signal = signal;
    const answer = await this.onOpen();
    this.step();
    if (answer.status !== 'ok') return answer;
    const batches: number[][] = [];
    this.streams.push(batches);
    this.mostOpenStreams = Math.max(this.mostOpenStreams, ++this.openStreams);
    return ok({
      write: async (bytes) => {
        this.step();
        const numbers = decoded(bytes).map(({ number }) => number);
        const isWritten = await this.onWrite(numbers);
        if (isWritten) batches.push(numbers);
        this.step();
        return isWritten;
      },
      end: async () => {
        this.step();
        const fate = await this.onEnd();
        this.openStreams--;
        this.step();
        return fate;
      },
    });
  }

  writeNow(_names: Names, take: (maxBytes: number) => Buffer): void {
    const written = decoded(take(this.room * this.size)).map(({ number }) => number);
    if (written.length > 0) this.streams.push([written]);
  }

  private get size(): number {
    return Math.ceil(FULL_BATCH_BYTES / this.mostInBatch);
  }
}

/** That of a segment, which may be encoded. */
export function numberIn(segment: Segment | Buffer): number {
  return Buffer.isBuffer(segment) ? segment.readUInt32BE(PREFIX) : numberOf(segment);
}

export function numbersOf(batch: Batch | undefined): number[] {
  return decoded(bytesOf(batch)).map(({ number }) => number);
}

/** The epochs of the names that its segments are encoded with, each once. */
export function epochsOf(batch: Batch | undefined): number[] {
  return [...new Set(decoded(bytesOf(batch)).map(({ epoch }) => epoch))];
}

function bytesOf(batch: Batch | undefined): Buffer {
  if (!batch) throw new Error('there is no batch');
  return batch.bytes;
}

function decoded(bytes: Buffer): Decoded[] {
  const all: Decoded[] = [];
  for (let at = 0; at < bytes.length; at += PREFIX + bytes.readUInt32BE(at + 1))
    all.push({ number: bytes.readUInt32BE(at + PREFIX), epoch: bytes.readUInt32BE(at + PREFIX + 4) });
  return all;
}
