import type { Segment } from '../../trace/segment';
import { Span } from '../../trace/span';
import type { Layer, SpanType } from '../../trace/vocabulary';
import { decodeLog } from './decode-log';
import type { Fields } from './fields';

/** The numbers of the fields that the protocols put in different places. */
export interface SpanFields {
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
