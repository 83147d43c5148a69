import { Layer, type SpanType } from '../../../model/components';
import { type Segment, Span, type SpanLog } from '../../../model/segment';
import { Fields, type MessageReader } from './reader';

/** `KeyStringValuePair`s as key, value, key, value …; alike in both protocols. */
export function decodePairs(messages: readonly MessageReader[]): string[] {
  const pairs: string[] = [];
  for (const message of messages) {
    const pair = new Fields(message);
    pairs.push(pair.text(1), pair.text(2));
  }
  return pairs;
}

/** A `Log`, alike in both protocols. */
function decodeLog(message: MessageReader): SpanLog {
  const log = new Fields(message);
  return { time: log.number(1), data: decodePairs(log.all(2)) };
}

/** The numbers of the fields that the protocols put in different places. */
interface SpanFields {
  readonly spanType: number;
  readonly spanLayer: number;
  readonly componentId: number;
  readonly isError: number;
  readonly logs: number;
}

/** What both protocols say of a span alike: all but its name, its peer, its refs and its tags. */
export function decodeSpan(segment: Segment, fields: Fields, numbers: SpanFields): Span {
  const type = fields.number(numbers.spanType) as SpanType;
  const span = new Span(segment, fields.number(1), fields.number(2), type, '', fields.number(3));
  span.endTime = fields.number(4);
  span.layer = fields.number(numbers.spanLayer) as Layer;
  span.componentId = fields.number(numbers.componentId);
  span.isError = fields.isSet(numbers.isError);
  const logs = fields.all(numbers.logs);
  if (logs.length > 0) span.logs = logs.map(decodeLog);
  return span;
}

const STATUS_CODE = /^[1-9]\d{0,9}$/;

/**
 * Gives a span its tags back. Those that tell of HTTP stand before all others and in this order; of the application's
 * own they can be told apart no further. A span that is no HTTP's has none of them, whatever its tags are called.
 *
 * @param pairs key, value, key, value …
 * @param statusCodeKey as the protocol names it
 * @param isMethod whether the span could have been of this method; one that could not has a tag of that name
 */
export function restoreHttpFields(
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
