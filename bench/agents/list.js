'use strict';

const path = require('node:path');

const inBench = (name) => ({ from: path.join(__dirname, '..'), packages: [name].flat() });

/** Where an agent would drop what it cannot send fast enough, it may keep so much: each is to trace everything. */
const LARGE_BUFFER = '1000000';

/** Nothing listens there. */
const NOWHERE = '127.0.0.1:1';

const skyWalking = (address) => ({
  SW_AGENT_NAME: 'shop',
  SW_AGENT_INSTANCE: 'shop-one',
  SW_AGENT_INSTANCE_NAME: 'shop-one',
  SW_AGENT_COLLECTOR_BACKEND_SERVICES: address,
});

const ours = (protocol) => (address) => ({
  ...skyWalking(address),
  SW_AGENT_PROTOCOL: protocol,
  SW_AGENT_MAX_BUFFER_SIZE: LARGE_BUFFER,
});

/** What is compared, in the order of the table. `protocol` is the sink's. */
const AGENTS = [
  { name: 'bare' },
  // Not agents but parts of one: what the whole cannot cost less than. They know hello world alone.
  { name: 'context', title: '(AsyncLocalStorage alone)', preload: 'context', isPart: true },
  { name: 'floor', title: '(the floor: bench/floor.js)', preload: path.join('..', 'floor'), isPart: true },
  { name: 'unsent', title: '(skyanchor, nothing sent)', preload: 'unsent', isPart: true },
  // With the buffer that an application has by default, which is full of segments that wait.
  {
    name: 'no-backend',
    title: 'skyanchor, no backend',
    preload: 'skyanchor',
    env: () => ({ ...skyWalking(NOWHERE), SW_AGENT_LOGGING_LEVEL: 'off' }),
  },
  { name: 'skyanchor', title: 'skyanchor, v2', preload: 'skyanchor', protocol: 'v2', isOurs: true, env: ours('v2') },
  { name: 'skyanchor-v3', title: 'skyanchor, v3', preload: 'skyanchor', protocol: 'v3', isOurs: true, env: ours('v3') },
  {
    name: 'skywalking-backend-js',
    title: 'skywalking-backend-js, v3',
    isPeer: true,
    preload: 'skywalking-backend-js',
    protocol: 'v3',
    env: (address) => ({
      ...skyWalking(address),
      SW_AGENT_MAX_BUFFER_SIZE: LARGE_BUFFER,
      // A batch that takes longer is lost.
      SW_AGENT_TRACE_TIMEOUT: '60000',
    }),
    ...inBench('skywalking-backend-js'),
  },
  {
    name: 'opentelemetry',
    title: 'OpenTelemetry, OTLP gRPC',
    isPeer: true,
    preload: 'opentelemetry',
    protocol: 'otlp',
    env: (address) => ({
      OTEL_SERVICE_NAME: 'shop',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}`,
      OTEL_BSP_MAX_QUEUE_SIZE: LARGE_BUFFER,
    }),
    ...inBench([
      '@opentelemetry/api',
      '@opentelemetry/exporter-trace-otlp-grpc',
      '@opentelemetry/instrumentation',
      '@opentelemetry/instrumentation-express',
      '@opentelemetry/instrumentation-http',
      '@opentelemetry/instrumentation-undici',
      '@opentelemetry/sdk-trace-node',
    ]),
  },
  {
    name: 'skyapm-nodejs',
    title: 'SkyAPM-nodejs, v2',
    isPeer: true,
    preload: 'skyapm',
    protocol: 'v2',
    env: (address) => ({ SW_SERVICE_NAME: 'shop', SW_DIRECT_SERVERS: address }),
    ...inBench('skyapm-nodejs'),
  },
].map((agent) => ({ title: agent.name, ...agent }));

/** Why an agent cannot be run here; `undefined`: it can. */
function absence({ from, packages = [] }) {
  for (const name of packages) {
    try {
      require.resolve(name, { paths: [from] });
    } catch (error) {
      return `${name} is not installed (${error.code})`;
    }
  }
  return undefined;
}

/** With its default buffer; what it then traces is said beside the table. */
const BY_DEFAULT = {
  'skywalking-backend-js': (address) => skyWalking(address),
};

module.exports = { AGENTS, BY_DEFAULT, absence };
