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
  readonly catalogue: Inventory;
  readonly configurations: Configurations;
  readonly notes: NodeRecorder;
}

/** What a node does at the methods of v3; which of them it has, and under which paths, is told by its protocol. */
export function v3Methods({ catalogue, configurations, notes }: V3Options): Methods {
  const reception = new V3SegmentReceiver(catalogue, notes);
  return {
    unary: {
      ...management(catalogue, notes),
      collectInSync: reception.collectInSync,
      fetchConfigurations: discovery(configurations),
    },
    streams: {
      collect: reception.collect,
      'MeterReportService/collect': () => meters(notes),
      'MeterReportService/collectBatch': () => meterBatches(notes),
      'LogReportService/collect': () => logs(notes),
      'EventService/collect': () => events(notes),
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
