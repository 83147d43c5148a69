import type { NodeRecorder } from '../record/node-recorder';
import { decodeMessage } from '../server/codec';
import type { Methods, StreamReader } from '../server/methods';
import { messageType } from '../server/schema';
import type { Inventory } from './inventory';
import { type Configurations, discovery } from './configurations';
import { events } from './events';
import { logs } from './logs';
import { management } from './management';
import { meterBatches, meters } from './meters';
import { V3SegmentReceiver } from './segment-receiver';

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
