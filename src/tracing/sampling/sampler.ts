import { glob } from '../../base/patterns';
import type { Clock } from '../../base/clock';
import type { SamplingRule } from '../../api/options';

const SECOND_MS = 1_000;

/** At most this number in each window, which begins with the first one after the last. */
class Quota {
  private startedAt = -Infinity;
  private taken = 0;

  constructor(
    private readonly clock: Clock,
    private readonly most: number,
    private readonly windowMs: number,
  ) {}

  take(): boolean {
    const now = this.clock.elapsed();
    if (now - this.startedAt >= this.windowMs) {
      this.startedAt = now;
      this.taken = 0;
    }
    return this.taken++ < this.most;
  }
}

interface Rule {
  matches(name: string): boolean;
  readonly rate: number;
  readonly quota: Quota | undefined;
}

/** Decides which of the traces that begin here are recorded. */
export class Sampler {
  /** All of them: nothing has to be decided. */
  isOff = true;
  private rate = 1;
  private per3Seconds = 0;
  private quota: Quota | undefined;
  private readonly rules: readonly Rule[];

  /** @param rules the first that matches decides alone */
  constructor(
    private readonly clock: Clock,
    rules: readonly SamplingRule[] = [],
  ) {
    this.rules = rules.map(({ path, rate = 1, perSecond }) => ({
      matches: glob(path),
      rate,
      quota: perSecond === undefined ? undefined : new Quota(clock, perSecond, SECOND_MS),
    }));
    this.setRate(1);
  }

  /** The share of traces that no rule matches, 0 to 1. */
  setRate(rate: number): void {
    this.rate = rate;
    this.update();
  }

  /** How many traces that no rule matches, at most, in three seconds; 0 or less: however many there are. */
  setPer3Seconds(most: number): void {
    // What has been taken of it stays taken, however often it is said.
    if (most === this.per3Seconds) return;
    this.per3Seconds = most;
    this.quota = most > 0 ? new Quota(this.clock, most, 3 * SECOND_MS) : undefined;
    this.update();
  }

  /** @param name of the trace's first span: the path of a request or a call */
  isSampled(name: string): boolean {
    for (const rule of this.rules) if (rule.matches(name)) return this.decide(rule.rate, rule.quota);
    return this.decide(this.rate, this.quota);
  }

  private decide(rate: number, quota: Quota | undefined): boolean {
    return (rate >= 1 || this.clock.random() < rate) && (quota === undefined || quota.take());
  }

  private update(): void {
    this.isOff = this.rate >= 1 && this.quota === undefined && this.rules.length === 0;
  }
}
