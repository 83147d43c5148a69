import { wellFormed } from '../../protobuf/fast/text';
import type { V2Names } from '../../../model/names';
import type { IdentityProbe } from '../../segments/identity-probe';
import { decodeKeyInts, encodeServices, V2Path } from '../register-messages';

/**
 * A v2 backend says nothing to a segment with ids that it did not give out, or books it on another service. So it is
 * asked for our service's id, which is idempotent and authoritative.
 */
export function v2IdentityProbe(serviceName: string): IdentityProbe<V2Names> {
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
