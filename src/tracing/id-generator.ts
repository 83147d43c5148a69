import type { Clock } from '../base/clock';
import { type NumericId, CompactId } from '../model/ids';

const SEQUENCES_PER_MILLI = 10_000;

/** An id of ours that comes back was made seconds ago. */
const MAX_FIRSTS = 8;

/** Makes ids that are unique in this process and, by their first two parts, among all. */
export class IdGenerator {
  private millis = 0;
  private sequence = 0;
  private first: number;
  private readonly second: number;
  private readonly secondOfForeign: bigint;
  /** The first parts of now and of before, the oldest first. */
  private readonly firsts = new Set<number>();

  constructor(private readonly clock: Clock) {
    // Before the first registration, and on v3, any number serves as the first part. The second is not the pid: two
    // containers of one host are both pid 1. There are eight billion pairs of them, and five digits each keep ids short
    // where they travel as text.
    this.first = fiveDigits(clock);
    this.second = fiveDigits(clock);
    this.secondOfForeign = BigInt(this.second);
    this.firsts.add(this.first);
  }

  /** From the first registration on, the instance id is the first part: unique at the backend, and short on the wire. */
  setInstance(instanceId: number): void {
    this.first = instanceId;
    this.firsts.add(instanceId);
    const [oldest] = this.firsts;
    if (oldest !== undefined && this.firsts.size > MAX_FIRSTS) this.firsts.delete(oldest);
  }

  /** Whether an id is of this process, of the last few registrations. */
  made(id: NumericId): boolean {
    if (id instanceof CompactId) return id.second === this.second && this.firsts.has(id.first);
    // Another process has the same second part by a chance of one in ninety thousand, and hardly ever the first as well.
    return id.parts[1] === this.secondOfForeign && this.firsts.has(Number(id.parts[0]));
  }

  /** @param now of the clock, from who has just read it: reading it is most of what an id costs */
  next(now: number = this.clock.now()): CompactId {
    if (now > this.millis) {
      this.millis = now;
      this.sequence = 0;
    } else if (++this.sequence === SEQUENCES_PER_MILLI) {
      // More than a millisecond holds, or the clock went back: borrow from the next one rather than repeat.
      this.millis++;
      this.sequence = 0;
    }
    return new CompactId(this.first, this.second, this.millis, this.sequence);
  }
}

function fiveDigits(clock: Clock): number {
  return 10_000 + Math.floor(clock.random() * 90_000);
}
