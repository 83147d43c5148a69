import type { SpanRow } from './backend';

/** A span as it stands in its trace, without what differs from run to run. */
export interface Place {
  readonly service: string;
  readonly type: SpanRow['type'];
  readonly name: string;
  readonly component: string;
  /** `service type name` of the span that asked for it, in this process or another. */
  readonly under: string | undefined;
}

const titleOf = ({ service, type, name }: SpanRow): string => `${service} ${type} ${name}`;

/** In the order in which one asks the other; what the same span has asked for, by its name. */
export function placesOf(spans: readonly SpanRow[]): Place[] {
  const parentOf = ({ segmentId, parentSpanId, refs }: SpanRow): SpanRow | undefined => {
    const [segment, id] =
      parentSpanId === -1 ? [refs[0]?.parentSegmentId, refs[0]?.parentSpanId] : [segmentId, parentSpanId];
    return spans.find((span) => span.segmentId === segment && span.spanId === id);
  };
  const depthOf = (span: SpanRow): number => {
    const parent = parentOf(span);
    return parent ? depthOf(parent) + 1 : 0;
  };
  return [...spans]
    .sort((a, b) => depthOf(a) - depthOf(b) || (titleOf(a) < titleOf(b) ? -1 : 1))
    .map((span) => {
      const { service, type, name, component } = span;
      const parent = parentOf(span);
      return { service, type, name, component, under: parent && titleOf(parent) };
    });
}
