import { peerOf } from './data-spans';
import { RedisSpans } from './redis-spans';
import type { InstrumentOptions } from '../options';
import type { Scope } from '../../tracing/context';
import type { Tracer } from '../../tracing/tracer';

/** What node-redis publishes of a command, or of some that are sent together, since 5.12. */
interface Command {
  readonly command?: unknown;
  /** With the command itself as the first. */
  readonly args?: readonly unknown[];
  readonly batchMode?: unknown;
  readonly serverAddress?: unknown;
  readonly serverPort?: unknown;
}

export function redisSpans(tracer: Tracer, options: InstrumentOptions) {
  const spans = new RedisSpans(tracer, options);
  const ends = { end: spans.end.bind(spans), fail: spans.fail.bind(spans), complain: spans.complain.bind(spans) };
  return {
    command: {
      open: ({ command, args, serverAddress, serverPort }: Command, parent: Scope | undefined) =>
        spans.openCommand(command, args?.[1], peerOf(serverAddress, serverPort), parent),
      ...ends,
    },
    // The commands of a pipeline are published each, and those of a transaction are not.
    batch: {
      open: ({ batchMode, serverAddress, serverPort }: Command, parent: Scope | undefined) =>
        batchMode === 'MULTI'
          ? spans.openCommand('multi', undefined, peerOf(serverAddress, serverPort), parent)
          : undefined,
      ...ends,
    },
  };
}
