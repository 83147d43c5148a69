import type { SegmentRecord, TraceRecord } from './segment';

/** Segments put together by their trace, in the order the traces came up. */
export function tracesOf(segments: readonly SegmentRecord[]): TraceRecord[] {
  const byTrace = new Map<string, SegmentRecord[]>();
  for (const segment of segments) {
    const known = byTrace.get(segment.traceId);
    if (known) known.push(segment);
    else byTrace.set(segment.traceId, [segment]);
  }
  return [...byTrace].map(([traceId, ofTrace]) => traceOf(traceId, ofTrace));
}

function traceOf(traceId: string, segments: readonly SegmentRecord[]): TraceRecord {
  const spans = segments.flatMap((segment) => segment.spans);
  return {
    traceId,
    services: [...new Set(segments.map(({ service }) => service))],
    isError: spans.some(({ isError }) => isError),
    startTime: spans.reduce((first, { startTime }) => Math.min(first, startTime), Infinity),
    endTime: spans.reduce((last, { endTime }) => Math.max(last, endTime), -Infinity),
    segments,
  };
}
