import type { ApplicationLogLevel } from '../api/options';

/** One number of this process at one moment. */
export interface Meter {
  readonly name: string;
  readonly value: number;
  readonly labels?: readonly (readonly [name: string, value: string])[];
  /** In place of the value: how many were from this bound on, up to the next. */
  readonly buckets?: readonly (readonly [lowerBound: number, count: number])[];
}

/** The ids by which a line of a log leads to its trace. Without the last two, nothing of the trace is recorded. */
export interface TraceIds {
  readonly traceId: string;
  readonly segmentId?: string;
  readonly spanId?: number;
}

/** What happened to this instance. */
export interface LifecycleEvent {
  /** The backend makes one of all that come with the same. */
  readonly uuid: string;
  readonly name: 'Start' | 'Shutdown' | 'Crash';
  readonly isError: boolean;
  /** One line. */
  readonly message: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly endTime: number;
}

/** One line of a log. */
export interface LogLine {
  /** Milliseconds since 1970, when it was written. */
  readonly time: number;
  readonly level: ApplicationLogLevel;
  readonly text: string;
  /** What wrote it. Absent: the agent itself. */
  readonly logger?: string;
  /** Absent: outside of traces. */
  readonly trace?: TraceIds;
}
