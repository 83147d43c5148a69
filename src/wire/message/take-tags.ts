import type { Span } from '../../trace/span';
import { Layer } from '../../trace/vocabulary';

const STATUS_CODE = /^[1-9]\d{0,9}$/;

/**
 * Gives a span its tags back. Those that tell of HTTP stand before all others and in this order; of the application's
 * own they can be told apart no further. A span that is no HTTP's has none of them, whatever its tags are called.
 *
 * @param pairs key, value, key, value …
 * @param statusCodeKey as the protocol names it
 * @param isMethod whether the span could have been of this method; one that could not has a tag of that name
 */
export function takeTags(
  span: Span,
  pairs: string[],
  statusCodeKey: string,
  isMethod: (method: string) => boolean,
): void {
  let at = 0;
  const take = (key: string, isIt: (value: string) => boolean): string => {
    const value = pairs[at] === key ? (pairs[at + 1] ?? '') : '';
    if (value === '' || !isIt(value)) return '';
    at += 2;
    return value;
  };
  if (span.layer === Layer.http) {
    span.url = take('url', () => true);
    span.method = take('http.method', isMethod);
    span.statusCode = Number(take(statusCodeKey, (value) => STATUS_CODE.test(value)));
  }
  if (at < pairs.length) span.tags = pairs.slice(at);
}
