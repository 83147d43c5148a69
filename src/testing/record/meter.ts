import type { Property } from '../store/row';

export interface BucketRecord {
  /** The least value that counts; without a meaning where `isNegativeInfinity`. */
  readonly bucket: number;
  readonly count: number;
  readonly isNegativeInfinity: boolean;
}

/** One measurement that the backend took. */
export interface MeterRecord {
  /** ISO 8601, when it arrived, by the collector's clock. */
  readonly at: string;
  /** Which node it arrived at, counted from 0. */
  readonly node: number;
  readonly service: string;
  readonly instance: string;
  /** Milliseconds since 1970, what the agent said. */
  readonly time: number;
  readonly name: string;
  /** In the order they travelled. */
  readonly labels: readonly Property[];
  /** Null of a histogram. */
  readonly value: number | null;
  /** Of a histogram; empty of a single value. */
  readonly buckets: readonly BucketRecord[];
}
