/** What one span may hold, so that a buffer of a bounded number of segments is bounded in bytes. Lengths in UTF-16 units. */
export const LIMITS = {
  /** Length of an operation name. */
  name: 512,
  /** Length of a tag's or a log entry's key. */
  key: 256,
  /** Length of a tag's or a log entry's value, and of a `url`. */
  value: 2048,
  /** Length of an error's stack. */
  stack: 4096,
  tags: 128,
  logs: 64,
  /** Entries of one log. */
  entries: 32,
  refs: 64,
} as const;
