import type { Dialect } from '../../model/dialect';
import type { V3Names } from '../../model/names';
import { decodeCommands } from '../protobuf/control/reader';
import type { IdentityProbe, Probe, Protocol } from '../protocol';
import { encodePing, v3Paths } from './client';
import { V3Registration } from './registration';
import { v3SegmentCodec } from './segment-codec';
import { encodeEvent, encodeLog, encodeMeter } from './telemetry-messages';

/**
 * Package-less `collect` exists in both protocols, and a v2 backend takes a v3 segment with OK and loses it. `keepAlive`
 * it does not have.
 */
function v3IdentityProbe(): IdentityProbe<V3Names> {
  return {
    pathOf: (dialect) => v3Paths(dialect).collect,
    request: ({ service, instance }, dialect) => ({
      path: v3Paths(dialect).keepAlive,
      request: encodePing({ serviceName: service, instanceName: instance }),
    }),
    check: (answer) => {
      decodeCommands(answer);
      return undefined;
    },
  };
}

/** OAP 8.0 and later, which take names as they are. */
export const v3Protocol = {
  // 8.4 and later, then 8.0 to 8.3, whose services have no package in their names.
  probes: [probeOf({ protocol: 'v3', package: 'skywalking.v3.' }), probeOf({ protocol: 'v3', package: '' })],
  codec: v3SegmentCodec,
  telemetry: {
    methods: (dialect) => {
      const { collectMeters: meters, collectLogs: logs, collectEvents: events } = v3Paths(dialect);
      return { meters, logs, events };
    },
    encodeMeter,
    encodeLog,
    encodeEvent,
  },
  createRegistration: (context) => new V3Registration(context),
  identityProbe: v3IdentityProbe,
} as const satisfies Protocol<V3Names>;

function probeOf(dialect: Dialect): Probe {
  return { dialect, path: v3Paths(dialect).keepAlive, request: ({ v3Instance }) => encodePing(v3Instance) };
}
