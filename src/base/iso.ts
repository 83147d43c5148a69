/** @param millis since 1970 @returns ISO 8601 in UTC, the form of every time that we show */
export function iso(millis: number): string {
  return new Date(millis).toISOString();
}
