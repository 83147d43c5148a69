import { failed, retryable, type Failed, type Retryable } from '../../base/outcome';
import { printable } from '../../base/text';

const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** gRPC's names of its status codes. */
export type StatusName = (typeof NAMES)[number];

/** A code that gRPC does not know counts as UNKNOWN. */
export function statusName(code: number): StatusName {
  return NAMES[code] ?? 'UNKNOWN';
}

export function isStatus(code: unknown): boolean {
  return typeof code === 'number' && NAMES[code] !== undefined;
}

/** Says nothing about what was asked: the backend was not reached, or had no time for it. */
const RETRYABLE: ReadonlySet<StatusName> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'RESOURCE_EXHAUSTED',
]);

/** This backend is better left for the next of the list. After an overdue answer the connection may be half open. */
const FAIL_OVER: ReadonlySet<StatusName> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'UNAUTHENTICATED',
  // A later version, or no receiver at all; another address of the list may be one.
  'UNIMPLEMENTED',
]);

export function shouldFailOver(name: StatusName): boolean {
  return FAIL_OVER.has(name);
}

/** The outcome of a question that was answered by anything but OK. */
export function toOutcome(name: StatusName, details: string): Retryable | Failed {
  const reason = details === '' ? name : `${name}: ${printable(details)}`;
  return RETRYABLE.has(name) ? retryable(reason) : failed(name, reason);
}
