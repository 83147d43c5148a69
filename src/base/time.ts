/** @param millis since 1970 @returns ISO 8601 in UTC, the form of every time that we show */
export function toIso(millis: number): string {
  return new Date(millis).toISOString();
}

/** A date of the application's, none of whose own methods is called. */
export function dateToIso(date: Date): string {
  const time = Date.prototype.getTime.call(date);
  return Number.isNaN(time) ? String(time) : toIso(time);
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The way back from `iso`. @returns milliseconds since 1970; NaN for any other text */
export function parseIso(time: string): number {
  return ISO.test(time) ? Date.parse(time) : NaN;
}

/** The last millisecond that `Date` can show. */
const MAX_TIME = 8.64e15;

/** A given time in whole milliseconds since 1970; `otherwise` where it is none. */
export function wholeMillis(time: number, otherwise: number): number {
  return time >= 1 && time <= MAX_TIME ? Math.floor(time) : otherwise;
}

/** @returns milliseconds since 1970, of a `Date` header; NaN: it is none */
export function parseHttpDate(text: string): number {
  return Date.parse(text);
}

/**
 * A time as OpenTelemetry takes it: milliseconds since 1970 or since the process started, a pair of seconds and
 * nanoseconds, or a date. `undefined`: none of these.
 */
export function anyMillis(time: unknown): number | undefined {
  if (typeof time === 'number') return time < performance.timeOrigin / 2 ? performance.timeOrigin + time : time;
  if (typeof time !== 'object' || time === null) return undefined;
  try {
    if (time instanceof Date) return Date.prototype.getTime.call(time);
    if (!Array.isArray(time)) return undefined;
    const [seconds, nanos] = time as unknown[];
    return typeof seconds === 'number' && typeof nanos === 'number' ? seconds * 1e3 + nanos / 1e6 : undefined;
  } catch {
    // A proxy that refuses.
    return undefined;
  }
}
