import { connections } from './connections';
import { fastifyRoute } from './route/fastify';
import { frameworkRoutes } from './route/framework-routes';
import { httpClient } from './http/client/client';
import { httpServer } from './http/server/server';
import { intervals } from './intervals';
import { undici } from './undici/undici';
import type { InstrumentOptions } from './options';
import type { Undo } from './patch';
import type { Tracer } from '../tracing/tracer';

export type { InstrumentOptions };

/**
 * Patches what the application calls, so that the tracer hears of it. Returns what takes everything off again; spans
 * that are open then stay open.
 */
export function enable(tracer: Tracer, options: InstrumentOptions): Undo {
  const undos = [
    ...httpServer(tracer, options),
    fastifyRoute(),
    frameworkRoutes(),
    ...httpClient(tracer, options),
    ...undici(tracer, options),
    connections(),
    ...intervals(),
  ];
  return () => {
    for (const undo of undos) undo();
  };
}
