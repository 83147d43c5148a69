import { startOap, type Instance, type Oap, type OapVersion, type Span, type Topology } from '../oap/oap';
import type { InstanceRow, Row, ScenarioBackend, SpanRow } from './backend';

const pairs = (list: readonly { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value }) => [key, value]));

function spanRow(span: Span): SpanRow {
  const { type, segmentId, spanId, parentSpanId, peer, component, layer, isError, refs } = span;
  const { serviceCode: service, endpointName: name } = span;
  const tags = pairs(span.tags);
  return { type, segmentId, service, name, spanId, parentSpanId, peer, component, layer, isError, tags, refs };
}

/** An address that was called is a node of its own until it is known whose it is; 10.1 says of those too that they are real. */
function callsOf({ nodes, calls }: Topology, services: readonly Row[]): string[] {
  const real = new Set(services.map(({ name }) => name));
  const names = new Map(nodes.filter(({ name }) => real.has(name)).map(({ id, name }) => [id, name]));
  const between = calls.filter(({ source, target }) => names.has(source) && names.has(target));
  return between.map(({ source, target }) => `${names.get(source)} -> ${names.get(target)}`);
}

/** Its own ids of v3 are made of names, and no agent ever hears of them. */
function rowOf({ protocol }: Oap, { id, name }: Row): Row {
  return { id: protocol === 'v2' ? id : name, name };
}

function instanceRowOf(oap: Oap, { instanceUUID, language, attributes, ...row }: Instance): InstanceRow {
  const { id, name } = rowOf(oap, row);
  const uuid = oap.protocol === 'v2' ? instanceUUID : name;
  return { id, uuid, language, attributes: pairs(attributes.map(({ name: key, value }) => ({ key, value }))) };
}

async function tracesOf(oap: Oap, service: string, instanceId: string): Promise<string[]> {
  const instances = await oap.instances(service);
  const instance = instances.find((one) => rowOf(oap, one).id === instanceId)?.id;
  return instance === undefined ? [] : (await oap.traces({ service, instance })).flatMap(({ traceIds }) => traceIds);
}

/** A genuine OAP, asked over GraphQL. */
export function scenarioBackendOf(oap: Oap): ScenarioBackend {
  return {
    address: oap.grpc,
    services: async () => (await oap.services()).map((row) => rowOf(oap, row)),
    instances: async (service) => (await oap.instances(service)).map((instance) => instanceRowOf(oap, instance)),
    endpoints: async (service) => (await oap.endpoints(service)).map((row) => rowOf(oap, row)),
    traces: (service, instance) => tracesOf(oap, service, instance),
    trace: async (traceId) => (await oap.trace(traceId)).map(spanRow),
    topology: async () => callsOf(await oap.topology(), await oap.services()),
    wipe: (whileDown) => oap.wipe(whileDown),
    restart: (whileDown) => oap.restart(whileDown),
    stop: () => oap.stop(),
  };
}

export async function startOapBackend(
  storage: 'forgetful' | 'lasting',
  version: OapVersion = '6.5.0',
): Promise<ScenarioBackend> {
  return scenarioBackendOf(await startOap({ version, storage: storage === 'lasting' ? 'file' : 'mem' }));
}
