'use strict';

const { DnsInstrumentation } = require('@opentelemetry/instrumentation-dns');
const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK, tracing } = require('@opentelemetry/sdk-node');

/** Prints every span that it is shown. */
const exporter = {
  export(spans, done) {
    for (const { name, kind } of spans) console.log(`span ${kind} ${name}`);
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};

const sdk = new NodeSDK({
  spanProcessors: [new tracing.SimpleSpanProcessor(exporter)],
  instrumentations: [new HttpInstrumentation(), new GrpcInstrumentation(), new DnsInstrumentation()],
});
sdk.start();
