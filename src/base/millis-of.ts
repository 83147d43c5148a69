const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The way back from `iso`. @returns milliseconds since 1970; NaN for any other text */
export function millisOf(time: string): number {
  return ISO.test(time) ? Date.parse(time) : NaN;
}
