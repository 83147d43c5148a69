/**
 * What came of a question to the backend. Across the wire nothing throws.
 *
 * - `ok`: it was answered.
 * - `retryable`: the backend could not be asked, or its answer got lost (no connection, deadline, cancelled). Says
 *   nothing about the question.
 * - `failed`: the backend answered, and refused. `code` is gRPC's name of the status, such as `UNKNOWN`.
 */
export type Outcome<T> = { readonly status: 'ok'; readonly value: T } | Retryable | Failed;

export interface Retryable {
  readonly status: 'retryable';
  readonly reason: string;
  /** Nothing failed: we left the connection for another while the answer was out. */
  readonly isPlanned?: boolean;
}

export interface Failed {
  readonly status: 'failed';
  readonly code: string;
  readonly reason: string;
  /** The code was not said by a gRPC server: the connection was lost, or a proxy answered. */
  readonly isUnanswered?: boolean;
}

/** Whether it was given up since we left the connection for another, and not for a failure. */
export function isPlanned(outcome: Outcome<unknown>): boolean {
  return outcome.status === 'retryable' && outcome.isPlanned === true;
}

export function ok<T>(value: T): Outcome<T> {
  return { status: 'ok', value };
}

export function retryable(reason: string): Retryable {
  return { status: 'retryable', reason };
}

export function failed(code: string, reason: string): Failed {
  return { status: 'failed', code, reason };
}
