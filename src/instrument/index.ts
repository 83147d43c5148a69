import { connections } from './connections';
import { expressRoutes, polkaRoutes } from './route/route';
import { fastifyRoutes } from './route/fastify';
import { graphql } from './graphql';
import { hapiRoutes } from './route/hapi';
import { honoRoutes } from './route/hono';
import { httpClient } from './http/client/client';
import { httpServer } from './http/server/server';
import { intervals } from './intervals';
import { koaRoutes } from './route/koa';
import { ioredis, mongoose, mysql2, pg, redis } from './database/libraries';
import { undici } from './undici/undici';
import type { InstrumentationName } from '../api/options';
import type { InstrumentOptions } from './options';
import { together, type Undo } from './patch';
import type { Tracer } from '../tracing/tracer';

export type { InstrumentOptions };

/** What makes one library, or one module of Node's, tell the tracer of its work. */
interface Instrumentation {
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
  { name: 'hono', enable: honoRoutes },
  { name: 'pg', enable: pg },
  { name: 'mysql2', enable: mysql2 },
  { name: 'ioredis', enable: ioredis },
  { name: 'redis', enable: redis },
  { name: 'mongoose', enable: mongoose },
  { name: 'graphql', enable: graphql },
  { name: 'net', enable: connections },
  { name: 'timers', enable: () => together(intervals()) },
];

/** Enables every instrumentation but those that `options.disable` names. Returns what disables them. */
export function enable(tracer: Tracer, options: InstrumentOptions): Undo {
  const instrumentations = new Instrumentations(tracer, options);
  return () => instrumentations.disableAll();
}

/** The instrumentations of a process; each can be disabled and enabled again. */
export class Instrumentations {
  private readonly undos = new Map<InstrumentationName, Undo>();

  /** Enables all but those that `options.disable` names. */
  constructor(
    private readonly tracer: Tracer,
    private readonly options: InstrumentOptions,
  ) {
    for (const { name } of REGISTRY) if (options.disable?.includes(name) !== true) this.enable(name);
  }

  /** @returns false: it is enabled already, or there is none of this name */
  enable(name: InstrumentationName): boolean {
    const instrumentation = REGISTRY.find((one) => one.name === name);
    if (!instrumentation || this.undos.has(name)) return false;
    this.undos.set(name, instrumentation.enable(this.tracer, this.options));
    return true;
  }

  /** Spans of it that are open stay open. @returns false: it is not enabled */
  disable(name: InstrumentationName): boolean {
    const undo = this.undos.get(name);
    this.undos.delete(name);
    undo?.();
    return undo !== undefined;
  }

  isEnabled(name: InstrumentationName): boolean {
    return this.undos.has(name);
  }

  disableAll(): void {
    for (const name of [...this.undos.keys()]) this.disable(name);
  }
}
