import { startOap, type Span, type Topology } from '../oap/oap';
import type { ScenarioBackend, SpanRow } from './backend';

const pairs = (list: readonly { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value }) => [key, value]));

function spanRow(span: Span): SpanRow {
  const { type, segmentId, spanId, parentSpanId, peer, component, layer, isError, refs } = span;
  const { serviceCode: service, endpointName: name } = span;
  const tags = pairs(span.tags);
  return { type, segmentId, service, name, spanId, parentSpanId, peer, component, layer, isError, tags, refs };
}

function callsOf({ nodes, calls }: Topology): string[] {
  const names = new Map(nodes.filter(({ isReal }) => isReal).map(({ id, name }) => [id, name]));
  const real = calls.filter(({ source, target }) => names.has(source) && names.has(target));
  return real.map(({ source, target }) => `${names.get(source)} -> ${names.get(target)}`);
}

/** A genuine OAP that speaks v2, asked over GraphQL. */
export async function startOapBackend(storage: 'forgetful' | 'lasting'): Promise<ScenarioBackend> {
  const oap = await startOap({ version: '6.5.0', storage: storage === 'lasting' ? 'file' : 'mem' });
  return {
    address: oap.grpc,
    services: () => oap.services(),
    instances: async (service) =>
      (await oap.instances(service)).map(({ id, instanceUUID, language, attributes }) => ({
        id,
        uuid: instanceUUID,
        language,
        attributes: pairs(attributes.map(({ name, value }) => ({ key: name, value }))),
      })),
    endpoints: (service) => oap.endpoints(service),
    traces: async (service, instance) => (await oap.traces({ service, instance })).flatMap(({ traceIds }) => traceIds),
    trace: async (traceId) => (await oap.trace(traceId)).map(spanRow),
    topology: async () => callsOf(await oap.topology()),
    wipe: (whileDown) => oap.wipe(whileDown),
    restart: () => oap.restart(),
    stop: () => oap.stop(),
  };
}
