import type { LogEntry } from '../record/records';
import type { NodeRecorder } from '../record/node-recorder';
import { decodeMessage } from '../server/codec';
import type { StreamReader } from '../server/methods';
import { messageType } from '../server/schema';
import type { Property } from '../store/row';

interface WireLog {
  readonly timestamp: string;
  readonly service: string;
  readonly serviceInstance: string;
  readonly endpoint: string;
  readonly layer: string;
  readonly body: WireBody | null;
  readonly traceContext: { readonly traceId: string; readonly traceSegmentId: string; readonly spanId: number } | null;
  readonly tags: { readonly data: readonly Property[] } | null;
}

interface WireBody {
  readonly type: string;
  readonly text?: { readonly text: string };
  readonly json?: { readonly json: string };
  readonly yaml?: { readonly yaml: string };
}

/** One stream: the first service that is named counts for all that comes behind. Without one a log is ignored. */
export function logs(nodeRecorder: NodeRecorder): StreamReader {
  let service = '';
  return {
    take: (bytes) => {
      const log = decodeMessage(messageType('v3', 'LogData'), bytes) as unknown as WireLog;
      service ||= log.service;
      if (service !== '') nodeRecorder.log(entryOf(log, service, nodeRecorder));
      return Promise.resolve();
    },
  };
}

function entryOf(log: WireLog, service: string, nodeRecorder: NodeRecorder): Omit<LogEntry, 'at' | 'node'> {
  return {
    service,
    instance: log.serviceInstance,
    endpoint: log.endpoint,
    layer: log.layer,
    time: Number(log.timestamp) || nodeRecorder.millis(),
    type: log.body?.type ?? '',
    ...contentOf(log.body),
    traceId: log.traceContext?.traceId ?? '',
    segmentId: log.traceContext?.traceSegmentId ?? '',
    spanId: log.traceContext?.spanId ?? 0,
    tags: log.tags?.data ?? [],
  };
}

function contentOf(body: WireBody | null): Pick<LogEntry, 'format' | 'body'> {
  if (body?.text) return { format: 'text', body: body.text.text };
  if (body?.json) return { format: 'json', body: body.json.json };
  if (body?.yaml) return { format: 'yaml', body: body.yaml.yaml };
  return { format: null, body: '' };
}
