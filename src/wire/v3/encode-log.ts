import { message, writeInt64, writeNested, writePair, writeText } from '../message/write';
import type { V3Names } from '../names';

/** One line of the agent's own log. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: 'error' | 'warn';
  readonly text: string;
}

/** As the agents of other languages write them, so that one search finds all. */
const LEVEL = { error: 'ERROR', warn: 'WARN' } as const;

/** `LogData` with a text. The layer is that of a service which agents report. */
export function encodeLog({ time, level, text }: LogLine, { service, instance }: V3Names): Buffer {
  return message((writer) => {
    writeInt64(writer, 1, time);
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
    writeText(writer, 8, 'GENERAL');
  });
}
