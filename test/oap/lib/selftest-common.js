'use strict';

const { until } = require('./until');

const SERVICE = 'orders';
const INSTANCE = 'orders-1';
const DATABASE = '127.0.0.1:3306';
const ENDPOINT = '/buy';

/**
 * The spans of a small trace: an entry and the database call it makes. `names` holds what the protocol has for the
 * names of the endpoint and the database: the name itself or an id.
 */
function spansOf(now, { endpoint, database }) {
  return [
    {
      spanId: 1,
      parentSpanId: 0,
      startTime: now - 15,
      endTime: now - 5,
      spanType: 'Exit',
      spanLayer: 'Database',
      componentId: 5,
      operationName: 'Mysql/query',
      ...database,
    },
    {
      spanId: 0,
      parentSpanId: -1,
      startTime: now - 20,
      endTime: now,
      spanType: 'Entry',
      spanLayer: 'Http',
      componentId: 4001,
      ...endpoint,
    },
  ];
}

const hasSome = (found) => found.length > 0;

/** That the trace, and what the server made of it, come back over GraphQL. */
async function checkReadBack(oap, traceId, check) {
  const spans = await until(
    () => oap.trace(traceId),
    (found) => found.length === 2,
  );
  check('the trace comes back with its names', spans[0].endpointName === ENDPOINT && spans[1].peer === DATABASE);

  const [listed] = await until(() => oap.traces({ service: SERVICE }), hasSome);
  check('it is listed for its service', listed.traceIds.includes(traceId));

  const [instance] = await until(
    () => oap.instances(SERVICE),
    (found) => found[0]?.attributes.length > 0,
  );
  check('the instance says it is Node.js', instance.language === 'NODEJS');
  const ofInstance = await until(() => oap.traces({ service: SERVICE, instance: instance.id }), hasSome);
  check('it is listed for its instance', ofInstance[0].traceIds.includes(traceId));

  const [endpoint] = await until(() => oap.endpoints(SERVICE), hasSome);
  check('the endpoint is known', endpoint.name === ENDPOINT);

  const { nodes } = await until(
    () => oap.topology(),
    ({ calls }) => calls.length >= 2,
  );
  const shown = [SERVICE, DATABASE].every((name) => nodes.some((node) => node.name === name));
  check('the topology shows the service and its database', shown);
}

module.exports = { DATABASE, ENDPOINT, INSTANCE, SERVICE, checkReadBack, spansOf };
