import { v4 as uuid } from 'uuid';
import type { Logger } from '../../api/options';
import type { NodeRecorder } from '../record/node-recorder';
import type { RowTable } from '../registry/id-table';
import { Registry } from '../registry/registry';
import type { IncomingSegment } from './wire-segment';
import type { Handle, Methods } from '../server/methods';
import type { InstanceRow } from '../store/row';
import type { NodeOptions } from '../cluster/node-options';
import { registration } from './registration';
import { V2SegmentReceiver } from './segment-receiver';

interface Ping {
  readonly serviceInstanceId: number;
  readonly serviceInstanceUUID: string;
  readonly time: string;
}

interface PingOptions {
  readonly registry: Registry;
  readonly nodeRecorder: NodeRecorder;
  readonly logger: Pick<Logger, 'error'>;
  readonly checkHeartbeatName: boolean;
}

/**
 * The heartbeat. Real servers look up the integer alone, so that an id which was given to another instance after the
 * storage was cleared gets no reset; `checkHeartbeatName` looks at the name too.
 */
function ping({ registry, nodeRecorder, logger, checkHeartbeatName }: PingOptions): Handle {
  return async (request) => {
    const { serviceInstanceId: instanceId, serviceInstanceUUID: name, time } = request as unknown as Ping;
    if (!registry.rows.get('instance', instanceId)) await registry.catchUp();
    const row = registry.rows.get('instance', instanceId);
    const isTaken = checkHeartbeatName && row !== undefined && row.uuid !== name;
    if (isTaken) logger.error(`the heartbeat of instance "${name}" came with id ${instanceId}, which is ${whose(row)}`);
    const reset = row === undefined || isTaken;
    const service = row ? (registry.rows.get('service', row.serviceId)?.name ?? '') : '';
    nodeRecorder.heartbeat({ instanceId, service, uuid: name, time: Number(time), reset });
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

/** What a node does at the methods of v2: ids from the storage, and segments that wait for them. */
export class V2Backend {
  readonly methods: Methods;
  private readonly receiver: V2SegmentReceiver;

  private constructor(
    private readonly registry: Registry,
    nodeRecorder: NodeRecorder,
    options: NodeOptions,
  ) {
    const receiver = new V2SegmentReceiver({ ...options, registry, nodeRecorder });
    this.receiver = receiver;
    this.methods = {
      unary: {
        ...registration(registry, options.clock, options.oap),
        doPing: ping({ ...options, registry, nodeRecorder }),
      },
      streams: { collect: () => ({ take: (bytes) => receiver.take(bytes) }) },
    };
  }

  static async open(nodeRecorder: NodeRecorder, options: NodeOptions): Promise<V2Backend> {
    const registry = new Registry(options);
    await registry.catchUp();
    return new V2Backend(registry, nodeRecorder, options);
  }

  get rows(): RowTable {
    return this.registry.rows;
  }

  /** @param waiting what the node had in its waiting room when it went down */
  resume(waiting: readonly IncomingSegment[]): void {
    this.receiver.resume(waiting);
  }

  /** The storage was emptied under the node, which goes on answering from its caches. */
  outlive(): Promise<void> {
    return this.registry.outlive();
  }

  /** Segments are looked at no more. @returns what still waits for names */
  leave(): Promise<readonly IncomingSegment[]> {
    return this.receiver.stop();
  }

  /** Writes nothing more. */
  stop(): Promise<void> {
    return this.registry.stop();
  }
}
