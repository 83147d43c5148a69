import { decodeMessage } from '../server/codec';
import { messageType } from '../server/schema';
import { idText, type WireSegment, type WireUpstream } from './wire-segment';

/** A segment that parses. */
export interface IncomingSegment {
  readonly traceIds: readonly string[];
  readonly segmentId: string;
  readonly wire: WireSegment;
}

/** @param bytes one message of the stream. Throws where it does not parse, and then the real server ends the stream. */
export function parseUpstream(bytes: Buffer): WireUpstream {
  return decodeMessage(messageType('v2', 'UpstreamSegment'), bytes) as unknown as WireUpstream;
}

/** Throws where the `SegmentObject` inside does not parse, and then the real server drops it without a word. */
export function parseSegment({ globalTraceIds, segment }: WireUpstream): IncomingSegment {
  const wire = decodeMessage(messageType('v2', 'SegmentObject'), segment) as unknown as WireSegment;
  return { traceIds: globalTraceIds.map(idText), segmentId: idText(wire.traceSegmentId), wire };
}
