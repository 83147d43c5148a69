import { startOap, type Span } from '../oap/oap';
import type { ScenarioBackend, SpanRow } from './backend';

const pairs = (list: readonly { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value }) => [key, value]));

function spanRow(span: Span): SpanRow {
  const { type, spanId, parentSpanId, peer, component, layer, isError } = span;
  const { serviceCode: service, endpointName: name } = span;
  return { type, service, name, spanId, parentSpanId, peer, component, layer, isError, tags: pairs(span.tags) };
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
    wipe: (whileDown) => oap.wipe(whileDown),
    restart: () => oap.restart(),
    stop: () => oap.stop(),
  };
}
