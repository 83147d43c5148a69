import { v4 as uuid } from 'uuid';
import type { Logger } from '../../api/options';
import type { NodeRecorder } from '../record/node-recorder';
import type { Registry } from '../registry/registry';
import type { Handle } from '../server/methods';
import type { InstanceRow } from '../store/row';

interface Ping {
  readonly serviceInstanceId: number;
  readonly serviceInstanceUUID: string;
  readonly time: string;
}

interface PingOptions {
  readonly registry: Registry;
  readonly notes: NodeRecorder;
  readonly logger: Pick<Logger, 'error'>;
  readonly checkHeartbeatName: boolean;
}

/**
 * The heartbeat. Real servers look up the integer alone, so that an id which was given to another instance after the
 * storage was cleared gets no reset; `checkHeartbeatName` looks at the name too.
 */
export function ping({ registry, notes, logger, checkHeartbeatName }: PingOptions): Handle {
  return async (request) => {
    const { serviceInstanceId: instanceId, serviceInstanceUUID: name, time } = request as unknown as Ping;
    if (!registry.ledger.get('instance', instanceId)) await registry.catchUp();
    const row = registry.ledger.get('instance', instanceId);
    const isTaken = checkHeartbeatName && row !== undefined && row.uuid !== name;
    if (isTaken) logger.error(`the heartbeat of instance "${name}" came with id ${instanceId}, which is ${whose(row)}`);
    const reset = row === undefined || isTaken;
    const service = row ? (registry.ledger.get('service', row.serviceId)?.name ?? '') : '';
    notes.heartbeat({ instanceId, service, uuid: name, time: Number(time), reset });
    return { commands: reset ? [resetCommand()] : [] };
  };
}

function whose({ uuid: name, serviceId }: InstanceRow): string {
  return `"${name}" of service ${serviceId}: it was told to reset`;
}

/** The serial number is a fresh one each time: the server does not remember what it sent. */
function resetCommand() {
  return { command: 'ServiceMetadataReset', args: [{ key: 'SerialNumber', value: uuid() }] };
}
