import { connections } from './connections';
import { expressRoutes, polkaRoutes } from './route/route';
import { fastifyRoutes } from './route/fastify';
import { hapiRoutes } from './route/hapi';
import { httpClient } from './http/client/client';
import { httpServer } from './http/server/server';
import { intervals } from './intervals';
import { koaRoutes } from './route/koa';
import { pg } from './database/pg';
import { undici } from './undici/undici';
import type { InstrumentationName } from '../api/instrumentations';
import type { InstrumentOptions } from './options';
import { together, type Undo } from './patch';
import type { Tracer } from '../tracing/tracer';

export type { InstrumentOptions };

/** What makes one library, or one module of Node's, tell the tracer of its work. */
export interface Instrumentation {
  /** What `disable` calls it. */
  readonly name: InstrumentationName;
  /** Patches or subscribes. What it returns takes all of that off again; spans that are open then stay open. */
  enable(tracer: Tracer, options: InstrumentOptions): Undo;
}

/** In the order in which they are enabled. */
export const REGISTRY: readonly Instrumentation[] = [
  {
    name: 'http',
    enable: (tracer, options) => together([...httpServer(tracer, options), ...httpClient(tracer, options)]),
  },
  { name: 'undici', enable: (tracer, options) => together(undici(tracer, options)) },
  { name: 'express', enable: expressRoutes },
  { name: 'fastify', enable: fastifyRoutes },
  { name: 'koa', enable: koaRoutes },
  { name: 'hapi', enable: hapiRoutes },
  { name: 'polka', enable: polkaRoutes },
  { name: 'pg', enable: pg },
  { name: 'net', enable: connections },
  { name: 'timers', enable: () => together(intervals()) },
];

/** Enables every instrumentation but those that `options.disable` names. Returns what disables them. */
export function enable(tracer: Tracer, options: InstrumentOptions): Undo {
  const enabled = REGISTRY.filter(({ name }) => options.disable?.includes(name) !== true);
  return together(enabled.map((instrumentation) => instrumentation.enable(tracer, options)));
}
