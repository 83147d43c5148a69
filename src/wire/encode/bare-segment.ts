import { Segment } from '../../trace/segment';
import { Span } from '../../trace/span';

/** The segment without its tags and logs: how it hangs together is kept. */
export function bareSegment(segment: Segment): Segment {
  const bare = new Segment(segment.traceId, segment.segmentId);
  bare.isSizeLimited = segment.isSizeLimited;
  bare.skipsAnalysis = segment.skipsAnalysis;
  for (const span of segment.spans) bare.spans.push(bareSpan(bare, span));
  return bare;
}

function bareSpan(segment: Segment, span: Span): Span {
  const bare = new Span(segment, span.spanId, span.parentSpanId, span.type, span.operationName, span.startTime);
  bare.endTime = span.endTime;
  bare.layer = span.layer;
  bare.componentId = span.componentId;
  bare.isError = span.isError;
  bare.peer = span.peer;
  // On v3 it is part of an endpoint's name.
  bare.method = span.method;
  bare.statusCode = span.statusCode;
  bare.refs = span.refs;
  return bare;
}
