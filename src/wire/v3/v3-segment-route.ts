import { SegmentEncoder } from '../encode/segment-encoder';
import { decodeCommands } from '../message/commands';
import type { V3Names } from '../names';
import type { SegmentRoute } from '../segment-route';
import { encodePing } from './encode-control';
import { v3Paths } from './paths';
import { v3SegmentCodec } from './v3-segment-codec';

/**
 * Package-less `collect` exists in both protocols, and a v2 backend takes a v3 segment with OK and loses it. `keepAlive`
 * it does not have.
 */
export function v3SegmentRoute(): SegmentRoute<V3Names> {
  return {
    encoder: new SegmentEncoder(v3SegmentCodec),
    pathOf: (dialect) => v3Paths(dialect).collect,
    question: ({ service, instance }, dialect) => ({
      path: v3Paths(dialect).keepAlive,
      request: encodePing({ serviceName: service, instanceName: instance }),
    }),
    doubt: (answer) => {
      decodeCommands(answer);
      return undefined;
    },
  };
}
