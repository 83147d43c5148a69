import type { Outcome } from '../base/outcome';
import type { LifecycleEvent, LogLine, Meter } from '../model/telemetry';

/** What the meter reporter needs of a backend; a client of `protocol` fits it by shape. */
export interface MeterApi {
  /**
   * @param time milliseconds since 1970
   * @returns `failed` with UNIMPLEMENTED where the backend takes no meters
   */
  send(meters: readonly Meter[], time: number, signal: AbortSignal): Promise<Outcome<undefined>>;
}

/** What the log reporter needs of a backend; a client of `protocol` fits it by shape. */
export interface LogApi {
  /** @returns `failed` with UNIMPLEMENTED where the backend takes no logs */
  send(lines: readonly LogLine[], signal: AbortSignal): Promise<Outcome<undefined>>;
}

/** What the event reporter needs of a backend; a client of `protocol` fits it by shape. */
export interface EventApi {
  /** @returns `failed` with UNIMPLEMENTED where the backend takes no events */
  send(events: readonly LifecycleEvent[], signal: AbortSignal): Promise<Outcome<undefined>>;
  /** For a process that ends now: hands them to the operating system, and waits for nothing. */
  sendNow(events: readonly LifecycleEvent[]): void;
}
