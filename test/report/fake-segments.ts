import { ok, type Outcome } from '../../src/base/outcome';
import { numberOf } from './numbered';
import type { SegmentApi, SegmentStream } from '../../src/report/segment-api';
import type { Segment } from '../../src/trace/segment';

/** A backend's side of the port, whose answers a test scripts, and that remembers what it was given. */
export class FakeSegments implements SegmentApi {
  /** Of every stream, the chunks that were written to it. */
  readonly streams: number[][][] = [];
  openStreams = 0;
  mostOpenStreams = 0;
  signal: AbortSignal | undefined;
  /** Called at each step, before it answers. */
  step = (): void => undefined;
  onOpen: () => Promise<Outcome<unknown>> = () => Promise.resolve(ok(undefined));
  onWrite: (segments: readonly Segment[]) => Promise<boolean> = () => Promise.resolve(true);
  onEnd: () => Promise<Outcome<undefined>> = () => Promise.resolve(ok(undefined));

  get received(): number[] {
    return this.streams.flat(2);
  }
  /** So many `writeNow` takes. */
  room = 0;

  writeNow(segments: readonly Segment[]): number {
    const written = segments.slice(0, this.room);
    if (written.length > 0) this.streams.push([written.map(numberOf)]);
    return written.length;
  }

  async open(signal: AbortSignal): Promise<Outcome<SegmentStream>> {
    this.step();
    this.signal = signal;
    const opened = await this.onOpen();
    this.step();
    if (opened.status !== 'ok') return opened;
    const chunks: number[][] = [];
    this.streams.push(chunks);
    this.mostOpenStreams = Math.max(this.mostOpenStreams, ++this.openStreams);
    return ok({
      write: async (segments) => {
        this.step();
        const isWritten = await this.onWrite(segments);
        if (isWritten) chunks.push(segments.map(numberOf));
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
