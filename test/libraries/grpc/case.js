'use strict';

const { libraryCase } = require('../library-case');

const LOOPBACK = /^127\.0\.0\.1:\d+$/;
const call = (name) => ({ spans: [`/shop.Stock/${name}`, `/shop.Stock/${name}`] });
const failed = { spans: ['/shop.Stock/Get failed', '/shop.Stock/Get failed'] };

/** The agent's own calls to the backend, its sockets and its names have no spans. */
function agentOddities(segments) {
  const names = segments.flatMap(({ spans }) => spans.map(({ operationName }) => operationName));
  return names.filter((name) => /skywalking|Service\//i.test(name)).map((name) => `a span of the agent's: ${name}`);
}

/** Whatever is called in a handler belongs to the trace of its caller. */
function calledOddities(segments) {
  const paths = new Map();
  for (const { traceId, spans } of segments)
    for (const { type, operationName } of spans)
      if (type === 'Entry') paths.set(traceId, [...(paths.get(traceId) ?? []), operationName]);
  const alone = [...paths.values()].filter((names) => names.every((name) => name.includes('/inner/called')));
  return alone.map(([name]) => `${name} is a trace of its own`);
}

module.exports = {
  ...libraryCase({
    forms: {
      connect: { spans: [], inner: false },
      unary: call('Get'),
      failed,
      'server-stream': call('List'),
      'client-stream': call('Add'),
      both: call('Talk'),
    },
    eight: { 'eight-calls': call('Get') },
    isOwn: ({ operationName }) => operationName.startsWith('/shop.'),
    oddities: ({ peer, layer, component }, tags) => [
      ...(LOOPBACK.test(peer) ? [] : [`its peer is ${peer}`]),
      ...(layer === 'RPCFramework' && component === 'GRPC' ? [] : [`it is ${component} of layer ${layer}`]),
      ...(tags['rpc.status_code'] ? [] : ['a call has no status']),
    ],
    more: (segments) => [...agentOddities(segments), ...calledOddities(segments)],
  }),
  title: "grpc-js, by OpenTelemetry's instrumentations of it, of sockets and of names",
  package: '@grpc/grpc-js',
  shares: ['shared'],
  env: { SW_AGENT_OPENTELEMETRY: 'grpc,net,dns' },
  backendHost: 'localhost',
  ci: true,
};
