'use strict';

/*
 * One case of `bench/spans.js` with one tracer in this process:
 *
 *     node spans.js CASE TRACER
 *
 * It stands where the libraries of `bench/libraries.js` are installed. Prints JSON.
 */

const path = require('node:path');
const { context, createContextKey, propagation, SpanKind, trace } = require('@opentelemetry/api');
const inside = (file) => require(path.join(__dirname, 'node_modules', file));

const IN_A_TRACE = 10;
const CALLS = 20_000;
const WARM_UP_ROUNDS = 8;
const ROUNDS = 20;
const nothing = () => undefined;
/** As OpenTelemetry's SDK counts: of a library that it does not see there is only the span around ten calls. */
let endedSpans = 0;
const ours = (file) => require(path.join(process.env.BENCH_DIST, file));

/** @param sink takes each segment */
function skyanchor(sink) {
  const { systemClock: clock } = ours('base/clock.js');
  const { Log } = ours('base/log.js');
  const { IdGenerator } = ours('tracing/id-generator.js');
  const { Tracer } = ours('tracing/tracer.js');
  const { V3Propagator } = ours('protocol/v3/sw8/propagator.js');
  const { mysql2, redis } = ours('instrument/database/libraries.js');
  const names = { protocol: 'v3', service: 'orders', instance: 'orders-1', endpoint: (span) => span.operationName };
  const propagators = { v3: new V3Propagator(clock) };
  const tracer = new Tracer({ clock, ids: new IdGenerator(clock), propagators, names: () => names, sink });
  const log = new Log(clock, { error: console.error, warn: console.error, info: nothing, debug: nothing });
  const options = { collectQuery: false, ignoreSuffix: [], ignorePath: [], log };
  ours('instrument/opentelemetry/bridge.js').bridge(tracer, options);
  redis(tracer, options);
  mysql2(tracer, options);
  return (work) => tracer.trace('ten calls', work);
}

/** By name: starts it. @returns what does work within a span */
const TRACERS = {
  none: () => (work) => work(),

  /** Subscribers that do nothing, within an AsyncLocalStorage: what libraries and Node.js do for any tracer. */
  listener() {
    const { AsyncLocalStorage } = require('node:async_hooks');
    const { subscribe } = require('node:diagnostics_channel');
    for (const channel of ['node-redis:command', 'mysql2:query'])
      for (const event of ['start', 'error', 'asyncStart']) subscribe(`tracing:${channel}:${event}`, nothing);
    const storage = new AsyncLocalStorage();
    return (work) => storage.run(storage, work);
  },

  memory: () => skyanchor(nothing),

  encoded() {
    const { SegmentEncoder } = ours('export/open-batch.js');
    const { v3SegmentCodec } = ours('protocol/v3/segment-codec.js');
    const encoder = new SegmentEncoder();
    const names = { protocol: 'v3', epoch: 1, service: 'orders', instance: 'orders-1', endpoint: (name) => name };
    return skyanchor((segment) => {
      encoder.append(segment, v3SegmentCodec, names);
      if (encoder.length > 200_000) encoder.clear();
    });
  },

  opentelemetry() {
    const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
    const none = () => Promise.resolve();
    const onEnd = () => void endedSpans++;
    const processor = { onStart: nothing, onEnd, forceFlush: none, shutdown: none };
    new NodeTracerProvider({ spanProcessors: [processor] }).register();
    const tracer = trace.getTracer('bench');
    return (work) =>
      tracer.startActiveSpan('ten calls', (span) => {
        const done = work();
        if (done === undefined) span.end();
        else done.then(() => span.end());
        return done;
      });
  },
};

/** What OpenTelemetry's instrumentations, and libraries by their channels, do for one call; the call itself does nothing. */
function casesOf() {
  const tracer = trace.getTracer('@opentelemetry/instrumentation-bench', '1.0.0');
  const mark = createContextKey('mark');
  const redis = inside('@redis/client/dist/lib/client/tracing.js');
  const mysql2 = inside('mysql2/lib/tracing.js');
  const started = (name, kind, attributes) => tracer.startSpan(name, { kind, attributes });
  const within = (span) => trace.setSpan(context.active(), span);
  const answer = Promise.resolve('value');
  let n = 0;
  return {
    'a span of its own': () =>
      tracer.startActiveSpan('work', (span) => {
        span.setAttribute('order.id', ++n % 1_000);
        span.end();
      }),

    mongodb() {
      const span = started('find orders', SpanKind.CLIENT, {
        'db.system.name': 'mongodb',
        'db.namespace': 'shop',
        'db.operation.name': 'find',
        'db.collection.name': 'orders',
        'server.address': '127.0.0.1',
        'server.port': 27_017,
        'db.query.text': '{"find":"?","filter":{"_id":"?"}}',
      });
      const active = context.active();
      span.end();
      context.with(active, nothing);
    },

    kafkajs() {
      const span = started('send orders', SpanKind.PRODUCER, {
        'messaging.system': 'kafka',
        'messaging.destination.name': 'orders',
        'messaging.kafka.message.key': undefined,
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
      });
      propagation.inject(within(span), {});
      span.end();
    },

    amqplib() {
      const span = started('publish amq.direct', SpanKind.PRODUCER, {
        'messaging.system': 'rabbitmq',
        'server.address': '127.0.0.1',
        'server.port': 5672,
        'messaging.protocol': 'AMQP',
        'messaging.protocol_version': '0.9.1',
        'messaging.url': 'amqp://127.0.0.1',
        'messaging.destination': 'amq.direct',
        'messaging.destination_kind': 'topic',
        'messaging.rabbitmq.routing_key': 'orders',
      });
      propagation.inject(within(span), {});
      const marked = context.active().setValue(mark, true);
      const confirmed = context.bind(trace.setSpan(marked, span).setValue(mark, false), () => span.end());
      context.with(marked, nothing);
      confirmed();
    },

    gRPC() {
      const span = tracer.startSpan('grpc.shop.Stock/Get', { kind: SpanKind.CLIENT });
      span.setAttributes({ 'rpc.system': 'grpc', 'rpc.method': 'Get', 'rpc.service': 'shop.Stock' });
      span.setAttributes({ 'server.address': '127.0.0.1', 'server.port': 50_051 });
      context.with(within(span), () => {
        const answered = context.bind(context.active(), () => {
          span.setAttribute('rpc.grpc.status_code', 0);
          span.end();
        });
        propagation.inject(context.active(), {});
        answered();
      });
    },

    'node-redis': () =>
      redis.trace(
        'node-redis:command',
        () => answer,
        () => ({
          command: 'GET',
          args: redis.sanitizeArgs(['GET', 'key']),
          serverAddress: '127.0.0.1',
          serverPort: 6379,
        }),
      ),

    mysql2() {
      let callback;
      const query = (given) => (callback = given);
      const message = () => ({
        query: 'select 7 as n',
        database: 'shop',
        serverAddress: '127.0.0.1',
        serverPort: 3306,
      });
      mysql2.traceCallback(mysql2.queryChannel, query, 0, message, null, nothing);
      callback(null, []);
    },
  };
}

async function round(within, call, isAwaited) {
  const awaited = async () => {
    for (let n = 0; n < IN_A_TRACE; n++) await call();
  };
  const ten = () => {
    for (let n = 0; n < IN_A_TRACE; n++) call();
  };
  for (let n = 0; n < CALLS; n += IN_A_TRACE) {
    if (isAwaited) await within(awaited);
    else within(ten);
  }
}

async function main([name, tracer]) {
  const within = TRACERS[tracer]();
  const call = casesOf()[name];
  const isAwaited = name === 'node-redis';
  for (let n = 0; n < WARM_UP_ROUNDS; n++) await round(within, call, isAwaited);
  global.gc();
  const { heapUsed } = process.memoryUsage();
  await round(within, call, isAwaited);
  const bytes = (process.memoryUsage().heapUsed - heapUsed) / CALLS;
  let us = Infinity;
  for (let n = 0; n < ROUNDS; n++) {
    const before = process.cpuUsage();
    await round(within, call, isAwaited);
    const { user, system } = process.cpuUsage(before);
    us = Math.min(us, (user + system) / CALLS);
  }
  const hasSpans = tracer !== 'opentelemetry' || endedSpans > (WARM_UP_ROUNDS + 1 + ROUNDS) * CALLS;
  process.stdout.write(JSON.stringify({ us, bytes, hasSpans }));
}

void main(process.argv.slice(2));
