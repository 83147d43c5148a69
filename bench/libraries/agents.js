'use strict';

/** By name: starts an agent as its users do. `span` does work within a span, `flush` sends what was traced. */
module.exports = {
  bare: () => ({ span: (_name, work) => work(), flush: () => undefined }),

  skyanchor() {
    const agent = require(process.env.BENCH_DIST).start();
    return {
      ready: () => agent.ready(10_000),
      span: (name, work) => agent.trace(name, work),
      flush: () => agent.flush(),
    };
  },

  'skywalking-backend-js'() {
    const { default: agent, ContextManager } = require('skywalking-backend-js');
    agent.start();
    const span = async (name, work) => {
      const opened = ContextManager.current.newLocalSpan(name);
      opened.start();
      try {
        await work();
      } finally {
        opened.stop();
      }
    };
    return { span, flush: () => agent.flush() };
  },

  opentelemetry() {
    const { trace } = require('@opentelemetry/api');
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-grpc');
    const { registerInstrumentations } = require('@opentelemetry/instrumentation');
    const { BatchSpanProcessor, NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
    const processor = new BatchSpanProcessor(new OTLPTraceExporter());
    new NodeTracerProvider({ spanProcessors: [processor] }).register();
    registerInstrumentations({
      instrumentations: ['amqplib', 'grpc', 'ioredis', 'kafkajs', 'mongodb', 'mysql2', 'pg', 'redis'].map((name) => {
        const exported = require(`@opentelemetry/instrumentation-${name}`);
        const [, Instrumentation] = Object.entries(exported).find(([key]) => key.endsWith('Instrumentation'));
        return new Instrumentation();
      }),
    });
    const tracer = trace.getTracer('bench');
    const span = (name, work) =>
      tracer.startActiveSpan(name, async (opened) => {
        try {
          await work();
        } finally {
          opened.end();
        }
      });
    return { span, flush: () => processor.forceFlush() };
  },
};
