import type { Outcome } from '../base/outcome';

/** One number of this process at one moment. */
export interface Meter {
  readonly name: string;
  readonly value: number;
}

/** What the meter reporter needs of a backend; `wire` fits it by shape. */
export interface MeterApi {
  /**
   * @param time milliseconds since 1970
   * @returns `failed` with UNIMPLEMENTED where the backend takes no meters
   */
  send(meters: readonly Meter[], time: number, signal: AbortSignal): Promise<Outcome<undefined>>;
}
