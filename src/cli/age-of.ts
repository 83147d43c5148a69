import { millisOf } from '../base/millis-of';

const UNITS: readonly { readonly unit: string; readonly seconds: number; readonly below: number }[] = [
  { unit: 's', seconds: 1, below: 90 },
  { unit: 'm', seconds: 60, below: 90 * 60 },
  { unit: 'h', seconds: 3_600, below: 48 * 3_600 },
  { unit: 'd', seconds: 86_400, below: Infinity },
];

/**
 * How long ago something was, short enough for a table; `-` for what is no moment.
 *
 * @param at ISO 8601, from a document that nobody vouches for
 */
export function ageOf(at: unknown, nowMs: number): string {
  // The clock of another container may be ahead.
  const age = Math.max(0, (nowMs - millisOf(typeof at === 'string' ? at : '')) / 1_000);
  const fitting = UNITS.find(({ below }) => age < below);
  return fitting ? `${Math.floor(age / fitting.seconds)}${fitting.unit}` : '-';
}
