'use strict';

const { MINUTE_MS, minuteOf } = require('./noon');

/** The last hour and a half and the minute to come. */
function lately() {
  const now = Date.now();
  return { start: minuteOf(now - 90 * MINUTE_MS), end: minuteOf(now + MINUTE_MS), step: 'MINUTE' };
}

/**
 * Typed questions to GraphQL. Only fields that all of 6.5, 8.3, 9.2 and 10.1 know are asked for,
 * and `variables` always goes along: 6.x fails without it.
 */
function readBack(query) {
  async function services() {
    const { found } = await query('query ($d: Duration!) { found: getAllServices(duration: $d) { id name } }', {
      d: lately(),
    });
    return found;
  }

  async function serviceId(name) {
    return (await services()).find((service) => service.name === name)?.id;
  }

  async function instances(serviceName) {
    const id = await serviceId(serviceName);
    if (id === undefined) return [];
    const { found } = await query(
      `query ($s: ID!, $d: Duration!) {
        found: getServiceInstances(duration: $d, serviceId: $s) { id name language instanceUUID attributes { name value } }
      }`,
      { s: id, d: lately() },
    );
    return found;
  }

  async function endpoints(serviceName) {
    const id = await serviceId(serviceName);
    if (id === undefined) return [];
    const { found } = await query(
      'query ($s: ID!) { found: searchEndpoint(keyword: "", serviceId: $s, limit: 100) { id name } }',
      { s: id },
    );
    return found;
  }

  async function traces({ service, instance } = {}) {
    const id = service === undefined ? undefined : await serviceId(service);
    if (service !== undefined && id === undefined) return [];
    const { found } = await query(
      `query ($c: TraceQueryCondition) {
        found: queryBasicTraces(condition: $c) { traces { segmentId endpointNames duration start isError traceIds } }
      }`,
      {
        c: {
          ...(id === undefined ? {} : { serviceId: id }),
          ...(instance === undefined ? {} : { serviceInstanceId: instance }),
          queryDuration: lately(),
          traceState: 'ALL',
          queryOrder: 'BY_START_TIME',
          paging: { pageNum: 1, pageSize: 100 },
        },
      },
    );
    return found.traces;
  }

  async function trace(traceId) {
    const { found } = await query(
      `query ($t: ID!) {
        found: queryTrace(traceId: $t) {
          spans {
            traceId segmentId spanId parentSpanId refs { traceId parentSegmentId parentSpanId type }
            serviceCode startTime endTime endpointName type peer component isError layer
            tags { key value } logs { time data { key value } }
          }
        }
      }`,
      { t: traceId },
    );
    return found.spans;
  }

  async function topology() {
    const { found } = await query(
      `query ($d: Duration!) {
        found: getGlobalTopology(duration: $d) { nodes { id name type isReal } calls { id source target detectPoints } }
      }`,
      { d: lately() },
    );
    return found;
  }

  async function meter(name, { service, instance }) {
    const { found } = await query(
      `query ($c: MetricsCondition!, $d: Duration!) {
        found: readMetricsValues(condition: $c, duration: $d) { values { values { value } } }
      }`,
      {
        c: {
          name: `meter_${name}`,
          entity: { scope: 'ServiceInstance', serviceName: service, serviceInstanceName: instance, normal: true },
        },
        d: lately(),
      },
    );
    // A minute of which nothing is known is a 0 like any other.
    return found.values.values.findLast(({ value }) => value !== 0)?.value;
  }

  return { services, instances, endpoints, traces, trace, topology, meter };
}

module.exports = { readBack };
