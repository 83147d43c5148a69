import type { Clock } from '../../base/clock';
import { Log } from '../../base/log';
import type { Logger } from '../../api/options';
import { Loop } from '../../base/loop';

interface KeeperOptions {
  /** The `host:port` of the node that this one belongs to. */
  readonly address: string;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** All nodes that live, this one included, in any order. */
  readonly members: () => readonly string[];
  /** Removes what is older. */
  readonly expire: (ageMs: number) => void;
}

/** How often it looks within the lifetime of a record. */
const LOOKS = 4;

/**
 * Every node has one, and one of them works: that of the first node of the sorted list, which is the same list for
 * everybody. When that node is lost the next one is first.
 */
export class Keeper {
  private readonly loop: Loop;

  constructor(private readonly options: KeeperOptions) {
    const { clock, logger } = options;
    this.loop = new Loop({ name: 'keeper', clock, log: new Log(clock, logger), turn: () => this.turn() });
  }

  start(): void {
    this.loop.wake(this.options.ttlMs / LOOKS);
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private turn(): Promise<number> {
    const { address, members, expire, ttlMs } = this.options;
    if (keeperOf(members()) === address) expire(ttlMs);
    return Promise.resolve(ttlMs / LOOKS);
  }
}

/** The first by code units, so that no locale tells it otherwise. */
export function keeperOf(members: readonly string[]): string | undefined {
  return [...members].sort()[0];
}
