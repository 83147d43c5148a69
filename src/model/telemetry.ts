/** One number of this process at one moment. */
export interface Meter {
  readonly name: string;
  readonly value: number;
  readonly labels?: readonly (readonly [name: string, value: string])[];
  /** In place of the value: how many were from this bound on, up to the next. */
  readonly buckets?: readonly (readonly [lowerBound: number, count: number])[];
}

/** One line of the agent's own log. */
export interface LogLine {
  /** Milliseconds since 1970, when it was written. */
  readonly time: number;
  readonly level: 'error' | 'warn';
  readonly text: string;
}
