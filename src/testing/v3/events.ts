import type { NodeRecorder } from '../record/node-recorder';
import { decodeMessage } from '../server/codec';
import type { StreamReader } from '../server/methods';
import { messageType } from '../server/schema';
import type { Property } from '../store/row';

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
export function events(nodeRecorder: NodeRecorder): StreamReader {
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
