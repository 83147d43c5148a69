import type { NodeRecorder } from '../record/node-recorder';
import { decodeMessage } from '../server/codec';
import type { Handle, Methods, StreamReader } from '../server/methods';
import { messageType } from '../server/schema';
import type { Property } from '../store/row';
import { type Configurations, discovery } from './configurations';
import { type Inventory, truncateNames } from './inventory';
import { logs } from './logs';
import { meterBatches, meters } from './meters';
import { V3SegmentReceiver } from './segment-receiver';

interface WireEvent {
  readonly uuid: string;
  readonly source: { readonly service: string; readonly serviceInstance: string; readonly endpoint: string } | null;
  readonly name: string;
  readonly type: 'Normal' | 'Error';
  readonly message: string;
  readonly parameters: readonly Property[];
  readonly startTime: string;
  readonly endTime: string;
  readonly layer: string;
}

/** Each event by itself, as it comes: an agent that ends has no time to end its stream. */
function events(nodeRecorder: NodeRecorder): StreamReader {
  return {
    take: (bytes) => {
      const event = decodeMessage(messageType('v3', 'Event'), bytes) as unknown as WireEvent;
      const { uuid, source, name, type, message, parameters, startTime, endTime, layer } = event;
      nodeRecorder.event({
        uuid,
        service: source?.service ?? '',
        instance: source?.serviceInstance ?? '',
        endpoint: source?.endpoint ?? '',
        layer,
        name,
        type,
        message,
        parameters,
        startTime: Number(startTime),
        endTime: Number(endTime),
      });
      return Promise.resolve();
    },
  };
}

interface InstanceRequest {
  readonly service: string;
  readonly serviceInstance: string;
}

interface Properties extends InstanceRequest {
  readonly properties: readonly Property[];
}

/** Both are answered by empty Commands, whatever they say: nothing resets a v3 agent. */
function management(
  inventory: Inventory,
  nodeRecorder: NodeRecorder,
): Record<'keepAlive' | 'reportInstanceProperties', Handle> {
  return {
    keepAlive: (request) => {
      const identity = identityOf(request as unknown as InstanceRequest);
      if (nodeRecorder.isOpen) inventory.upsert(identity, nodeRecorder.now());
      nodeRecorder.heartbeat({ ...identity, instanceId: 0, time: 0, reset: false });
      return Promise.resolve({});
    },

    reportInstanceProperties: (request) => {
      const instance = request as unknown as Properties;
      if (nodeRecorder.isOpen) inventory.describe(identityOf(instance), instance.properties, nodeRecorder.now());
      return Promise.resolve({});
    },
  };
}

function identityOf({ service, serviceInstance }: InstanceRequest) {
  return { service: truncateNames.service(service), uuid: truncateNames.instance(serviceInstance) };
}

interface V3Options {
  readonly inventory: Inventory;
  readonly configurations: Configurations;
  readonly nodeRecorder: NodeRecorder;
}

/** What a node does at the methods of v3; which of them it has, and under which paths, is told by its protocol. */
export function v3Methods({ inventory, configurations, nodeRecorder }: V3Options): Methods {
  const receiver = new V3SegmentReceiver(inventory, nodeRecorder);
  return {
    unary: {
      ...management(inventory, nodeRecorder),
      collectInSync: receiver.collectInSync,
      fetchConfigurations: discovery(configurations),
    },
    streams: {
      collect: receiver.collect,
      'MeterReportService/collect': () => meters(nodeRecorder),
      'MeterReportService/collectBatch': () => meterBatches(nodeRecorder),
      'LogReportService/collect': () => logs(nodeRecorder),
      'EventService/collect': () => events(nodeRecorder),
      'SpanAttachedEventReportService/collect': attachedEvents,
    },
  };
}

/** Read, and put nowhere: no agent of Node.js has any. */
function attachedEvents(): StreamReader {
  const type = messageType('v3', 'SpanAttachedEvent');
  return {
    take: (bytes) => {
      decodeMessage(type, bytes);
      return Promise.resolve();
    },
  };
}
