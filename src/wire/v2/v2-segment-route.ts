import { SegmentEncoder } from '../encode/segment-encoder';
import { wellFormed } from '../encode/text';
import type { V2Names } from '../names';
import type { SegmentRoute } from '../segment-route';
import { decodeKeyInts } from './decode-control';
import { encodeServices } from './encode-control';
import { V2Path } from './paths';
import { v2SegmentCodec } from './v2-segment-codec';

/**
 * A v2 backend says nothing to a segment with ids that it did not give out, or books it on somebody else. So it is
 * asked for our service's id, which is idempotent and authoritative.
 */
export function v2SegmentRoute(serviceName: string): SegmentRoute<V2Names> {
  return {
    encoder: new SegmentEncoder(v2SegmentCodec),
    pathOf: () => V2Path.collect,
    question: () => ({ path: V2Path.registerService, request: encodeServices([serviceName]) }),
    doubt: (answer, { serviceId }) => {
      const id = decodeKeyInts(answer).get(wellFormed(serviceName)) ?? 0;
      if (id === serviceId) return undefined;
      const known = id === 0 ? 'does not know it' : `knows it as ${id}`;
      const reason = `the service ${serviceName} is ours by the id ${serviceId}, the backend ${known}`;
      return { reason, isForeign: id !== 0 };
    },
  };
}
