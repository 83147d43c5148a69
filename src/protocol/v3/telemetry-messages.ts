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

/** Lines of JSON go as such: the backend's analysis language can read their fields. */
const IS_JSON = /^\{.*\}$/s;

/** The layer of a service that agents report. */
const LAYER = 'GENERAL';

/** `LogData`, with a text or with JSON. */
export function encodeLog(
  { time, level, text, logger = 'skyanchor', trace }: LogLine,
  { service, instance }: V3Names,
): Buffer {
  const isJson = IS_JSON.test(text);
  return message((writer) => {
    writeInt64Field(writer, 1, time);
    writeText(writer, 2, service);
    writeText(writer, 3, instance);
    writeNested(writer, 5, (body) => {
      writeText(body, 1, isJson ? 'json' : 'text');
      writeNested(body, isJson ? 3 : 2, (content) => writeText(content, 1, text));
    });
    if (trace)
      writeNested(writer, 6, (context) => {
        writeText(context, 1, trace.traceId);
        if (trace.segmentId !== undefined) writeText(context, 2, trace.segmentId);
        if (trace.spanId !== undefined) writeInt32Field(context, 3, trace.spanId);
      });
    writeNested(writer, 7, (tags) => {
      // In upper case, as the agents of other languages write it, so that one search finds all.
      writePair(tags, 1, ['level', level.toUpperCase()]);
      writePair(tags, 1, ['logger', logger]);
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
