import type { Clock } from '../../base/clock';
import { toIso } from '../../base/time';
import type { Stamp } from '../syntax/stamp';

interface StampMakerOptions {
  readonly instance: string;
  readonly clock: Clock;
  /** Milliseconds since 1970, by the clock that all processes sharing the file have in common. */
  fileNow(): number;
}

/** Makes this instance's stamps, and the ids of its runs. */
export class StampMaker {
  private runs = 0;

  constructor(private readonly options: StampMakerOptions) {}

  make(state: Stamp['state'], id: string, digest: string | undefined, detail: string): Stamp {
    return { time: toIso(this.options.fileNow()), instance: this.options.instance, state, id, digest, detail };
  }

  /** Six hexadecimal digits. Two in a row always differ, whatever the random numbers are. */
  nextId(): string {
    const random = Math.floor(this.options.clock.random() * 2 ** 24);
    return ((random + this.runs++) % 2 ** 24).toString(16).padStart(6, '0');
  }
}
