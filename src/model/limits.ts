/** What one span may hold, so that a buffer of a bounded number of segments is bounded in bytes. Lengths in UTF-16 units. */
export const LIMITS = {
  /** Length of an operation name, and of a peer. Some backends get less of it: {@link MAX_ENDPOINT_LENGTH}. */
  name: 512,
  /** Length of a method that others name; Node takes no longer one than UNSUBSCRIBE. */
  method: 32,
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

/**
 * The most characters of a carrier that is read or written. The longest names that callers may send fit in as far as they
 * are ASCII, and what servers allow for all headers together (8 KB, often) is not used up by ours.
 */
export const MAX_CARRIER_LENGTH = 4096;

/**
 * What an endpoint's name has on a backend, in UTF-16 units: OAP 8 and later cut a longer one without a word, of earlier
 * ones some lose what holds it.
 */
export const MAX_ENDPOINT_LENGTH = 150;

/** Before each gRPC message: a flag that says whether it is compressed, and its length, four bytes big-endian. */
export const GRPC_PREFIX_BYTES = 5;

/**
 * A stream costs as much as encoding a thousand segments, so each is to carry many; but when it breaks and its fate is
 * unknown, all of them are lost: it never gets more than these.
 */
export const MAX_SEGMENTS_PER_STREAM = 2_048;

/** The most segments that are decoded and encoded again at a stretch, well under a millisecond. */
export const MAX_REENCODED_AT_ONCE = 32;

/** What gRPC servers take by default. A larger message would end the stream for all that travel with it. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
