import type { V2Names } from '../../model/names';
import type { Protocol } from '../protocol';
import { encodeServices, V2Path } from './register-messages';
import { V2Registration } from './registration';
import { v2SegmentCodec } from './segment/segment';
import { v2IdentityProbe } from './segment/identity-probe';

/** OAP 6.0 to 7.0, which give out ids for every name. */
export const v2Protocol = {
  name: 'v2',
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
