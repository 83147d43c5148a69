import { types } from 'node:util';

/**
 * The first keys of whatever the application passes, such as what a caller has sent. The keys of a list, of bytes or of
 * a text as an object would be millions of texts, so that no more of these is looked at than is asked for. Of any other
 * object the engine lists all keys before it gives the first, for a `for … in` too: of a million in a second. Throws
 * where a proxy does.
 */
export function firstKeys(owner: unknown, most: number): string[] {
  if (typeof owner !== 'object' || owner === null) return [];
  const isList = Array.isArray(owner) || types.isTypedArray(owner) || types.isStringObject(owner);
  const keys = Object.keys(isList ? Array.prototype.slice.call(owner, 0, most) : owner);
  return keys.length <= most ? keys : keys.slice(0, most);
}
