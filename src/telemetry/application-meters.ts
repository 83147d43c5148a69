import type { Counter, Gauge, Histogram, MeterLabels, Meters } from '../api/agent';
import { firstKeys } from '../base/first-keys';
import type { Log } from '../base/log';
import { copyOf } from '../base/text';
import type { Meter } from '../model/telemetry';

/** Counts meters of all kinds; a later one does nothing. */
const MAX_METERS = 500;
const MAX_LABELS = 8;
const NAME = /^[A-Za-z_][\w.]{0,99}$/;
const LABEL_LENGTH = 128;
/** Lower bounds; milliseconds, as a rule. */
const BUCKETS: readonly number[] = [0, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

type Kind = 'counter' | 'gauge' | 'histogram';

/** What the application counts and measures, by name and labels. The same of both is the same meter. Nothing throws. */
export class ApplicationMeters implements Meters {
  private readonly counters = new Map<string, ValueMeter>();
  private readonly gauges = new Map<string, ValueMeter>();
  private readonly histograms = new Map<string, HistogramMeter>();

  constructor(private readonly log: Log) {}

  counter(name: string, labels?: MeterLabels): Counter {
    const meter = this.meterOf(this.counters, 'counter', name, labels, (own, rest) => new ValueMeter(own, rest, 0));
    return { increment: (by = 1) => meter?.add(by) };
  }

  gauge(name: string, labels?: MeterLabels): Gauge {
    const meter = this.meterOf(this.gauges, 'gauge', name, labels, (own, rest) => new ValueMeter(own, rest, undefined));
    return { set: (value) => meter?.set(value) };
  }

  histogram(name: string, labels?: MeterLabels): Histogram {
    const meter = this.meterOf(
      this.histograms,
      'histogram',
      name,
      labels,
      (own, rest) => new HistogramMeter(own, rest),
    );
    return { record: (value) => meter?.record(value) };
  }

  /** The values of now. A gauge that was never set has none. */
  sample(): readonly Meter[] {
    const values = [...this.counters.values(), ...this.gauges.values()].flatMap((meter) => meter.sample());
    return [...values, ...[...this.histograms.values()].map((meter) => meter.sample())];
  }

  private meterOf<M>(
    meters: Map<string, M>,
    kind: Kind,
    name: string,
    given: MeterLabels | undefined,
    make: (name: string, labels: Meter['labels']) => M,
  ): M | undefined {
    const labels = labelsOf(given);
    if (typeof name !== 'string' || !NAME.test(name) || !labels) {
      this.log.warn(`meter.${kind}: expected a name of letters, digits, _ and ., and at most ${MAX_LABELS} labels`);
      return undefined;
    }
    const key = JSON.stringify([name, labels]);
    const known = meters.get(key);
    if (known) return known;
    if (this.counters.size + this.gauges.size + this.histograms.size >= MAX_METERS) {
      this.log.warn(`there are ${MAX_METERS} meters; others are not reported`);
      return undefined;
    }
    // It is kept for good, and a part of a large text would hold all of that.
    const meter = make(
      copyOf(name),
      labels.map(([label, value]) => [label, copyOf(value)] as const),
    );
    meters.set(key, meter);
    return meter;
  }
}

class ValueMeter {
  constructor(
    private readonly name: string,
    private readonly labels: Meter['labels'],
    private value: number | undefined,
  ) {}

  add(by: number): void {
    // A counter never falls. What is no number is not compared: a symbol cannot be.
    if (Number.isFinite(by) && by > 0) this.value = Math.min((this.value ?? 0) + by, Number.MAX_VALUE);
  }

  set(value: number): void {
    if (Number.isFinite(value)) this.value = value;
  }

  sample(): readonly Meter[] {
    const { name, labels, value } = this;
    return value === undefined ? [] : [{ name, value, ...(labels && { labels }) }];
  }
}

class HistogramMeter {
  private readonly counts = BUCKETS.map(() => 0);

  constructor(
    private readonly name: string,
    private readonly labels: Meter['labels'],
  ) {}

  record(value: number): void {
    if (!Number.isFinite(value)) return;
    const at = Math.max(
      0,
      BUCKETS.findLastIndex((bound) => value >= bound),
    );
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  sample(): Meter {
    const { name, labels, counts } = this;
    const buckets = BUCKETS.map((bound, at) => [bound, counts[at] ?? 0] as const);
    return { name, value: 0, buckets, ...(labels && { labels }) };
  }
}

/** Sorted, so that their order makes no other meter. @returns undefined: they are none */
function labelsOf(given: MeterLabels | null | undefined): Meter['labels'] | undefined {
  if (given === undefined || given === null) return [];
  if (typeof given !== 'object') return undefined;
  const labels: (readonly [string, string])[] = [];
  try {
    for (const key of firstKeys(given, MAX_LABELS + 1)) {
      const value: unknown = given[key];
      if (labels.length === MAX_LABELS || !NAME.test(key) || typeof value !== 'string') return undefined;
      labels.push([key, value.slice(0, LABEL_LENGTH)]);
    }
  } catch {
    // A proxy or a getter of the application's threw.
    return undefined;
  }
  return labels.sort(([one], [other]) => (one < other ? -1 : 1));
}
