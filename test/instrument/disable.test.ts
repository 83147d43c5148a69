import http from 'node:http';
import net from 'node:net';
import timers from 'node:timers';
import { INSTRUMENTATIONS, type InstrumentationName } from '../../src/api/options';
import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { enable, REGISTRY } from '../../src/instrument/index';
import { routeOf } from '../../src/instrument/route/route';
import { subscribersOf } from '../support/patched';
import { tracing } from '../support/tracing';
import type { Undo } from '../../src/instrument/patch';

function eventsOf(...names: string[]): unknown[] {
  return names.map((name) => subscribersOf(`tracing:${name}:start`));
}

/**
 * What each instrumentation changes in this process, as it is now. Koa, hapi, hono and pg are patched where they are loaded,
 * which jest's modules do not show: see framework-routes.test.ts and database/pg.test.ts.
 */
const CHANGED: Readonly<
  Record<Exclude<InstrumentationName, 'koa' | 'hapi' | 'hono' | 'ioredis' | 'pg'>, () => readonly unknown[]>
> = {
  http: () => [
    http.Server.prototype.emit,
    http.IncomingMessage.prototype.emit,
    http.ServerResponse.prototype.emit,
    http.ClientRequest.prototype.emit,
    http.ClientRequest.prototype.destroy,
  ],
  undici: () => ['create', 'headers', 'trailers', 'error'].map((event) => subscribersOf(`undici:request:${event}`)),
  express: () => [routeOf({ route: { path: '/orders/:id' } }, '/orders/7')],
  fastify: () => ['fastify.initialization', 'tracing:fastify.request.handler:start'].map(subscribersOf),
  polka: () => [routeOf({ params: { id: '7' } }, '/orders/7')],
  mysql2: () => eventsOf('mysql2:query', 'mysql2:execute', 'mysql2:pool:connect'),
  redis: () => eventsOf('node-redis:command', 'node-redis:batch'),
  mongoose: () => eventsOf('mongoose:query', 'mongoose:aggregate', 'mongoose:model:save'),
  graphql: () => ['end', 'asyncStart'].map((event) => subscribersOf(`tracing:graphql:execute:${event}`)),
  net: () => [net.Socket.prototype.connect],
  timers: () => [globalThis.setInterval, timers.setInterval],
};
const NAMES = Object.keys(CHANGED) as (keyof typeof CHANGED)[];

let undo: Undo | undefined;
afterEach(() => undo?.());

function enableWithout(disable: readonly InstrumentationName[]): void {
  const log = new Log(systemClock);
  undo = enable(tracing().tracer, { ignoreSuffix: [], ignorePath: [], collectQuery: false, log, disable });
}

describe('the registry', () => {
  it('has one instrumentation for each name that `disable` takes', () => {
    expect(REGISTRY.map(({ name }) => name)).toEqual(INSTRUMENTATIONS);
  });
});

describe('an instrumentation', () => {
  it.each(NAMES)('named %s changes nothing when it is disabled, and everything it patches when it is not', (name) => {
    const before = CHANGED[name]();
    enableWithout([name]);
    expect(CHANGED[name]()).toEqual(before);
    undo?.();
    enableWithout([]);
    for (const [at, value] of CHANGED[name]().entries()) expect(value).not.toBe(before[at]);
    undo?.();
    expect(CHANGED[name]()).toEqual(before);
  });

  it.each(NAMES)('other than %s is enabled when only that one is disabled', (name) => {
    const others = NAMES.filter((other) => other !== name);
    const before = others.map((other) => CHANGED[other]());
    enableWithout([name]);
    for (const [at, other] of others.entries()) expect(CHANGED[other]()).not.toEqual(before[at]);
  });

  it('that is disabled leaves nothing patched when all are', () => {
    const before = [subscribersOf('net.server.socket'), ...NAMES.map((name) => CHANGED[name]())];
    enableWithout(INSTRUMENTATIONS);
    expect([subscribersOf('net.server.socket'), ...NAMES.map((name) => CHANGED[name]())]).toEqual(before);
  });
});
