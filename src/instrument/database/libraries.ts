import { LoadError } from '../../base/lazy';
import { errorMessage } from '../../base/text';
import { drivers } from './lazy';
import { whenLoaded } from '../loaded-modules';
import { together, type Undo } from '../patch';
import { scopedChannel, tracingChannel } from '../tracing-channel';
import type { InstrumentOptions } from '../options';
import type { Tracer } from '../../tracing/tracer';

/**
 * Exit spans for the queries of pg, in all its forms. The query itself is watched, as its client tells it of what has
 * arrived: no callback and no promise of the application's is replaced, and what is called then runs in the scope that the
 * query was made in, where a pool would have it in that of another query.
 */
export function pg(tracer: Tracer, options: InstrumentOptions): Undo {
  const patches = once('pg', options, () => drivers.pg().pgPatches(tracer, options));
  return together([
    whenLoaded('pg/lib/client.js', (exports) => patches()?.client(exports) ?? nothing),
    whenLoaded('pg-pool/index.js', (exports) => patches()?.pool(exports) ?? nothing),
  ]);
}

/** Exit spans for mysql2's statements, and its callbacks in the scope that each was given in, also behind a pool. */
export function mysql2(tracer: Tracer, options: InstrumentOptions): Undo {
  const spans = once('mysql2', options, () => drivers.mysql2().mysql2Spans(tracer, options));
  return together([
    tracingChannel('mysql2', 'mysql2:query', () => spans()?.query),
    tracingChannel('mysql2', 'mysql2:execute', () => spans()?.execute),
    scopedChannel('mysql2:pool:connect'),
    ...['index.js', 'promise.js'].map((file) => readyWith(`mysql2/${file}`, spans)),
  ]);
}

/**
 * Exit spans for ioredis's commands. Its channel is not listened to: when it publishes, what it returns is another
 * promise, whose rejection is reported no longer where the application handles none, so that a process would go on that
 * has to end.
 */
export function ioredis(tracer: Tracer, options: InstrumentOptions): Undo {
  const commands = once('ioredis', options, () => drivers.ioredis().ioredisCommands(tracer, options));
  const patchClient = (exports: unknown): Undo => commands()?.patchClient(exports) ?? nothing;
  return together([
    whenLoaded('ioredis/built/Redis.js', patchClient),
    // Version 4.
    whenLoaded('ioredis/built/redis/index.js', patchClient),
  ]);
}

/** Exit spans for node-redis's commands. */
export function redis(tracer: Tracer, options: InstrumentOptions): Undo {
  const spans = once('redis', options, () => drivers.redis().redisSpans(tracer, options));
  return together([
    tracingChannel('redis', 'node-redis:command', () => spans()?.command),
    tracingChannel('redis', 'node-redis:batch', () => spans()?.batch),
    readyWith('@redis/client/dist/index.js', spans),
  ]);
}

/** Not `cursor:next`: that is once for each document, of which hundreds come with one answer. */
const MONGOOSE_CHANNELS = ['query', 'aggregate', 'model:save', 'model:insertMany', 'model:bulkWrite'];

/** Exit spans for mongoose's operations. */
export function mongoose(tracer: Tracer, options: InstrumentOptions): Undo {
  const spans = once('mongoose', options, () => drivers.mongoose().mongooseSpans(tracer, options));
  return together([
    ...MONGOOSE_CHANNELS.map((name) => tracingChannel('mongoose', `mongoose:${name}`, spans)),
    readyWith('mongoose/lib/index.js', spans),
  ]);
}

const nothing: Undo = () => undefined;

/** Loads with the library what the first of its calls would load within a request. */
function readyWith(file: string, load: () => unknown): Undo {
  return whenLoaded(file, () => {
    load();
    return nothing;
  });
}

/**
 * What fails to load is logged, and not tried again at each call, unless it was for want of a descriptor. Where a library
 * is patched when it has been loaded, there is no later call: it is not asked for again.
 */
function once<T>(library: string, { log }: InstrumentOptions, load: () => T): () => T | undefined {
  let loaded: T | undefined;
  let isTried = false;
  return () => {
    if (isTried) return loaded;
    isTried = true;
    try {
      loaded = load();
    } catch (error) {
      isTried = !(error instanceof LoadError) || error.isLasting;
      log.error(`calls of ${library} are not traced: ${errorMessage(error)}`);
    }
    return loaded;
  };
}
