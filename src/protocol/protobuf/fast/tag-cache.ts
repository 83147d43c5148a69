import { writeFastPair } from './pair';

/** For one key, so that whatever values there are, little is kept. */
const MOST = 64;
const LONGEST = 64;

/** The pairs of a key that has few values: each is encoded once, and from then on copied in one piece. */
export class TagCache {
  private readonly ready = new Map<string | number, Uint8Array>();

  /** @param tag of the field that the pairs go under */
  constructor(
    private readonly tag: number,
    private readonly key: string,
  ) {}

  write(buf: Buffer, pos: number, value: string | number): number {
    const pair = this.ready.get(value);
    if (pair === undefined) return this.writeNew(buf, pos, value);
    buf.set(pair, pos);
    return pos + pair.length;
  }

  private writeNew(buf: Buffer, pos: number, value: string | number): number {
    const end = writeFastPair(buf, pos, this.tag, this.key, String(value));
    if (this.ready.size < MOST && end - pos <= LONGEST) this.ready.set(value, Uint8Array.from(buf.subarray(pos, end)));
    return end;
  }
}
