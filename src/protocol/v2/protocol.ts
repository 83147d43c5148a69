import type { V2Names } from '../../model/names';
import { wellFormed } from '../protobuf/fast/value';
import type { IdentityProbe, Protocol } from '../protocol';
import { decodeKeyInts, encodeServices, V2Path } from './client';
import { V2Registration } from './registration';
import { v2SegmentCodec } from './segment-codec';

/**
 * A v2 backend says nothing to a segment with ids that it did not give out, or books it on another service. So it is
 * asked for our service's id, which is idempotent and authoritative.
 */
function v2IdentityProbe(serviceName: string): IdentityProbe<V2Names> {
  return {
    pathOf: () => V2Path.collect,
    request: () => ({ path: V2Path.registerService, request: encodeServices([serviceName]) }),
    check: (answer, { serviceId }) => {
      const id = decodeKeyInts(answer).get(wellFormed(serviceName)) ?? 0;
      if (id === serviceId) return undefined;
      const known = id === 0 ? 'does not know it' : `knows it as ${id}`;
      const reason = `the service ${serviceName} is ours by the id ${serviceId}, the backend ${known}`;
      return { reason, isOtherService: id !== 0 };
    },
  };
}

/** OAP 6.0 to 7.0, which give out ids for every name. */
export const v2Protocol = {
  probes: [
    {
      dialect: { protocol: 'v2', package: '' },
      path: V2Path.registerService,
      request: ({ serviceName }) => encodeServices([serviceName]),
    },
  ],
  codec: v2SegmentCodec,
  createRegistration: (context) => new V2Registration(context),
  identityProbe: v2IdentityProbe,
} as const satisfies Protocol<V2Names>;
