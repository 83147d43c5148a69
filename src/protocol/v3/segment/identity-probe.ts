import { decodeCommands } from '../../protobuf/control/commands';
import type { V3Names } from '../../../model/names';
import type { IdentityProbe } from '../../segments/identity-probe';
import { encodePing, v3Paths } from '../management-client';

/**
 * Package-less `collect` exists in both protocols, and a v2 backend takes a v3 segment with OK and loses it. `keepAlive`
 * it does not have.
 */
export function v3IdentityProbe(): IdentityProbe<V3Names> {
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
