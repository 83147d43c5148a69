import { ok, type Outcome } from '../../src/base/outcome';
import { numbered, numberOf } from './numbered-segments';
import type { Batch, Encoding, SegmentPort, SegmentStream } from '../../src/export/ports';
import type { Segment } from '../../src/model/segment';

/** Holds numbers for segments, and the epoch of the names by which they were encoded. */
export class FakeBatch implements Batch {
  constructor(
    public numbers: number[],
    readonly epoch: number,
    private readonly api: FakeSegments,
  ) {}

  get count(): number {
    return this.numbers.length;
  }

  get bytes(): Buffer {
    return Buffer.from(this.numbers.join());
  }

  get matchesRegistration(): boolean {
    return this.api.hasNames() && this.epoch === this.api.epoch;
  }

  oldest(): Segment {
    const [number] = this.numbers;
    if (number === undefined || this.api.undecodable.has(number)) throw new Error(`cannot decode ${number}`);
    return numbered(number);
  }

  dropOldest(): void {
    this.numbers.shift();
  }

  /** One byte is one segment here. */
  takeUpTo(room: number): Buffer {
    return Buffer.from(this.numbers.splice(0, room));
  }
}

/** The batch is one of ours. */
export function fakeOf(batch: Batch | undefined): FakeBatch {
  if (batch instanceof FakeBatch) return batch;
  throw new Error('no batch of the fake');
}

/** A backend's side of the port, whose answers a test scripts, and that remembers what it was given. */
export class FakeSegments implements SegmentPort {
  /** Of every stream, the batches that were written to it. */
  readonly streams: number[][][] = [];
  openStreams = 0;
  mostOpenStreams = 0;
  signal: AbortSignal | undefined;
  /** Whether anybody knows us, so that segments can be encoded. */
  hasNames = (): boolean => true;
  epoch = 1;
  mostInBatch = 256;
  readonly unencodable = new Set<number>();
  readonly undecodable = new Set<number>();
  private opened: FakeBatch = new FakeBatch([], 1, this);
  /** Called at each step, before it answers. */
  step = (): void => undefined;
  onOpen: () => Promise<Outcome<unknown>> = () => Promise.resolve(ok(undefined));
  onWrite: (batch: Batch) => Promise<boolean> = () => Promise.resolve(true);
  onEnd: () => Promise<Outcome<undefined>> = () => Promise.resolve(ok(undefined));

  get received(): number[] {
    return this.streams.flat(2);
  }
  /** So many `writeNow` takes. */
  room = 0;

  encode(segment: Segment): Encoding {
    if (!this.hasNames()) return 'not-now';
    const { count, epoch } = this.opened;
    if (count >= this.mostInBatch || (count > 0 && epoch !== this.epoch)) return 'full';
    if (count === 0) this.opened = new FakeBatch([], this.epoch, this);
    if (this.unencodable.has(numberOf(segment))) return 'not-encodable';
    this.opened.numbers.push(numberOf(segment));
    return 'encoded';
  }

  take(): FakeBatch | undefined {
    const taken = this.opened;
    this.opened = new FakeBatch([], this.epoch, this);
    return taken.count > 0 ? taken : undefined;
  }

  writeNow(batches: readonly Batch[]): number {
    const written = batches.flatMap((batch) => {
      const before = this.room;
      this.room -= Math.min(batch.count, before);
      return [...batch.takeUpTo(before)];
    });
    if (written.length > 0) this.streams.push([written]);
    return written.length;
  }

  async open(signal: AbortSignal): Promise<Outcome<SegmentStream>> {
    this.step();
    this.signal = signal;
    const answer = await this.onOpen();
    this.step();
    if (answer.status !== 'ok') return answer;
    const batches: number[][] = [];
    this.streams.push(batches);
    this.mostOpenStreams = Math.max(this.mostOpenStreams, ++this.openStreams);
    return ok({
      write: async (batch) => {
        this.step();
        const isWritten = await this.onWrite(batch);
        if (isWritten) batches.push([...fakeOf(batch).numbers]);
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
}
