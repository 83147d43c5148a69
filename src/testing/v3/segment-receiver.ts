import type { NodeRecorder } from '../record/node-recorder';
import { decodeMessage } from '../server/codec';
import type { Handle, StreamReader } from '../server/methods';
import { messageType } from '../server/schema';
import { type Inventory, truncateNames } from './inventory';
import { v3FaultOf } from './fault-of';
import { showV3Segment } from './show';
import type { V3WireSegment } from './wire-segment';

/** Where the segments of one node come in. Names need no registration: a segment is listed at once, or dropped. */
export class V3SegmentReceiver {
  constructor(
    private readonly catalogue: Inventory,
    private readonly notes: NodeRecorder,
  ) {}

  readonly collect = (): StreamReader => ({
    // What does not parse, a segment of v2 for one, ends the stream; those before it are in.
    take: (bytes) => {
      this.take(decodeMessage(messageType('v3', 'SegmentObject'), bytes) as unknown as V3WireSegment);
      return Promise.resolve();
    },
  });

  readonly collectInSync: Handle = (request) => {
    const { segments } = request as unknown as { readonly segments: readonly V3WireSegment[] };
    for (const segment of segments) this.take(segment);
    return Promise.resolve({});
  };

  private take(segment: V3WireSegment): void {
    if (this.notes.isOpen) this.file(segment);
    const reason = v3FaultOf(segment);
    if (reason === undefined) this.notes.shown(showV3Segment(segment));
    else this.notes.dropped({ ...NO_IDS, reason, traceId: segment.traceId, segmentId: segment.traceSegmentId });
  }

  /** Entry spans make the service, the instance and the endpoint known, also those of a segment that is dropped. */
  private file({ service, serviceInstance, spans }: V3WireSegment): void {
    const identity = { service: truncateNames.service(service), uuid: truncateNames.instance(serviceInstance) };
    const entries = spans.filter(({ spanType, skipAnalysis }) => spanType === 'Entry' && !skipAnalysis);
    if (entries.length > 0) this.catalogue.upsert(identity, this.notes.now());
    for (const { operationName } of entries)
      this.catalogue.endpoint(identity.service, truncateNames.endpoint(operationName));
  }
}

const NO_IDS = { serviceId: 0, instanceId: 0 };
