/** What one span may hold, so that a buffer of so many segments is bounded in bytes too. Lengths in UTF-16 units. */
export const LIMITS = {
  /** Of an operation name. */
  name: 512,
  /** Of a tag's or a log entry's key. */
  key: 256,
  /** Of a tag's or a log entry's value, and of a `url`. */
  value: 2048,
  /** Of an error's stack. */
  stack: 4096,
  tags: 128,
  logs: 64,
  /** Entries of one log. */
  entries: 32,
  refs: 64,
} as const;
