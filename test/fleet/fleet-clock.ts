import { Chance } from '../control/fuzz/chance';
import { FakeClock } from '../support/fake-clock';

/** A clock that stands still until it is told to go on, with chance of a seed. */
export class FleetClock extends FakeClock {
  private readonly dice: Chance;

  constructor(seed: number) {
    super();
    this.dice = new Chance(seed);
  }

  override random(): number {
    return this.dice.random();
  }

  /** From `least` up to, but not including, `most`. */
  between(least: number, most: number): number {
    return least + (most - least) * this.random();
  }
}
