import type { Clock } from '../../base/clock';

/** Two writes within one tick of the kernel's clock leave the same times behind: a state is known only when it is older. */
const TICK_MS = 60;

/** Which state the file is in, and for how long we have seen it in that. */
export class FileState {
  private key: string | undefined;
  private since = 0;
  private readAt = 0;

  constructor(private readonly clock: Clock) {}

  /** The file was read in this state. @returns whether that is another than before */
  note(key: string): boolean {
    this.readAt = this.clock.elapsed();
    if (key === this.key) return false;
    this.key = key;
    this.since = this.readAt;
    return true;
  }

  forget(): void {
    this.key = undefined;
  }

  /** The state whose content is known for certain. */
  get known(): string | undefined {
    return this.readAt - this.since >= TICK_MS ? this.key : undefined;
  }

  get unchangedForMs(): number {
    return this.clock.elapsed() - this.since;
  }
}
