import { Chance } from '../control/fuzz/chance';
import { FakeClock } from '../support/fake-clock';

/** A clock that stands still until it is told to go on, with choices of a seed. */
export class FleetClock extends FakeClock {
  /** What takes more of them comes with the next timer, a moment later. */
  protected override readonly turns = 1;
  private readonly choices: Chance;

  constructor(seed: number) {
    super();
    this.choices = new Chance(seed);
  }

  override random(): number {
    return this.choices.random();
  }

  /** From `least` up to, but not including, `most`. */
  between(least: number, most: number): number {
    return least + (most - least) * this.random();
  }
}
