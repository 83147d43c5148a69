import {
  message,
  writeInt32Field,
  writeInt64Field,
  writeNested,
  writePair,
  writeText,
  writeDouble,
} from '../protobuf/control/write';
import type { V3Names } from '../../model/names';
import type { LifecycleEvent, LogLine, Meter } from '../../model/telemetry';

/** As the agents of other languages write them, so that one search finds all. */
const LEVEL = { error: 'ERROR', warn: 'WARN' } as const;

/** Of a service that agents report. */
const LAYER = 'GENERAL';

/** `LogData` with a text. */
export function encodeLog({ time, level, text }: LogLine, { service, instance }: V3Names): Buffer {
  return message((writer) => {
    writeInt64Field(writer, 1, time);
    writeText(writer, 2, service);
    writeText(writer, 3, instance);
    writeNested(writer, 5, (body) => {
      writeText(body, 1, 'text');
      writeNested(body, 2, (content) => writeText(content, 1, text));
    });
    writeNested(writer, 7, (tags) => {
      writePair(tags, 1, ['level', LEVEL[level]]);
      writePair(tags, 1, ['logger', 'skyanchor']);
    });
    writeText(writer, 8, LAYER);
  });
}

/** `Event` of the instance. */
export function encodeEvent(event: LifecycleEvent, { service, instance }: V3Names): Buffer {
  return message((writer) => {
    writeText(writer, 1, event.uuid);
    writeNested(writer, 2, (source) => {
      writeText(source, 1, service);
      writeText(source, 2, instance);
    });
    writeText(writer, 3, event.name);
    writeInt32Field(writer, 4, Number(event.isError));
    writeText(writer, 5, event.message);
    for (const parameter of event.parameters) writePair(writer, 6, parameter);
    writeInt64Field(writer, 7, event.startTime);
    writeInt64Field(writer, 8, event.endTime);
    writeText(writer, 9, LAYER);
  });
}

/** `MeterData` with a single value, or with a histogram. */
export function encodeMeter(
  { name, value, labels = [], buckets }: Meter,
  time: number,
  { service, instance }: V3Names,
): Buffer {
  return message((writer) => {
    writeNested(writer, buckets ? 2 : 1, (measured) => {
      writeText(measured, 1, name);
      for (const label of labels) writePair(measured, 2, label);
      if (!buckets) writeDouble(measured, 3, value);
      for (const [bound, count] of buckets ?? [])
        writeNested(measured, 3, (bucket) => {
          writeDouble(bucket, 1, bound);
          writeInt64Field(bucket, 2, count);
        });
    });
    writeText(writer, 3, service);
    writeText(writer, 4, instance);
    writeInt64Field(writer, 5, time);
  });
}
