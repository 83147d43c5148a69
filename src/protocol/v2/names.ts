import type { Log } from '../../base/log';
import { printable, truncate } from '../../base/text';
import { MAX_ENDPOINT_LENGTH } from '../../model/limits';
import type { NameBounds } from '../../model/names';

/**
 * A name of our own, as every v2 backend can keep it. A longer one has no row: tables hold keys of 300 characters,
 * Elasticsearch ids of 512 bytes, and a segment with a name that gets no id is lost after five seconds, in which others
 * wait behind it. A UTF-16 unit takes three bytes at most, so this fits both.
 */
export function fittingName(name: string): string {
  return name.length <= MAX_ENDPOINT_LENGTH ? name : truncate(name, MAX_ENDPOINT_LENGTH);
}

/** What is left of a table's key and of Elasticsearch's id beside the longest number of a service and the kind of name. */
const LONGEST_STORED = 287;
const MOST_BYTES_STORED = 499;

/**
 * Whether a backend can know a name that another agent has given. It is not ours to cut: the backend knows it whole, or
 * not at all.
 */
export function isStorable(name: string): boolean {
  if (name.length <= MAX_ENDPOINT_LENGTH) return true;
  return name.length <= LONGEST_STORED && Buffer.byteLength(name) <= MOST_BYTES_STORED;
}

/** An address as every v2 backend can keep it, whole if there is room: other agents may know the same host by it. */
export function fittingAddress(address: string): string {
  return isStorable(address) ? address : fittingName(address);
}

/** For segments: what is cut, the log says once. */
export function nameBounds(log: Log): NameBounds {
  let isSaid = false;
  const told = (name: string, fitting: string): string => {
    if (fitting !== name && !isSaid) {
      isSaid = true;
      // Masked before it is cut: half a token would not be known as one.
      const example = truncate(printable(name), MAX_ENDPOINT_LENGTH);
      log.warn(`names over ${MAX_ENDPOINT_LENGTH} characters are cut, such as ${example}`, 'long name');
    }
    return fitting;
  };
  return {
    fitting: (name) => told(name, fittingName(name)),
    fittingAddress: (address) => told(address, fittingAddress(address)),
    canHold: isStorable,
  };
}
