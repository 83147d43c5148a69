import type { Outcome } from '../base/outcome';

/** One line of the agent's own log. */
export interface LogLine {
  /** Milliseconds since 1970, when it was written. */
  readonly time: number;
  readonly level: 'error' | 'warn';
  readonly text: string;
}

/** What the log reporter needs of a backend; `wire` fits it by shape. */
export interface LogApi {
  /** @returns `failed` with UNIMPLEMENTED where the backend takes no logs */
  send(lines: readonly LogLine[], signal: AbortSignal): Promise<Outcome<undefined>>;
}
