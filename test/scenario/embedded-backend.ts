import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Collector,
  type InstanceEntry,
  type Property,
  type Protocol,
  type SegmentRecord,
  type SpanRecord,
  startCollector,
} from '../../src/testing/index';
import type { InstanceRow, Row, ScenarioBackend, SpanRow } from './backend';

const pairs = (list: readonly Property[]): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value }) => [key, value]));

/** On v3 every id is 0. */
const row = ({ id, name }: { readonly id: number; readonly name: string }): Row => ({ id: String(id || name), name });

function instanceRow({ id, uuid, properties }: InstanceEntry): InstanceRow {
  const { language = '', ...attributes } = pairs(properties);
  return { id: String(id || uuid), uuid, language: language.toUpperCase(), attributes };
}

function spanRow({ service, segmentId }: SegmentRecord, span: SpanRecord): SpanRow {
  const { operationName: name, tags, ...rest } = span;
  return { ...rest, service, segmentId, name, tags: pairs(tags) };
}

/** A ref of an entry span names the instance that asked, and so its service; on v3 that too. */
function callsOf(collector: Collector): string[] {
  const serviceOf = new Map(collector.instances().map(({ id, service }) => [id, service]));
  const calls = collector.segments().flatMap(({ service, spans }) => {
    const refs = spans.flatMap((span) => span.refs);
    return refs.map((ref) => `${ref.parentService ?? serviceOf.get(ref.parentInstanceId)} -> ${service}`);
  });
  return [...new Set(calls)];
}

/** The backend that ships with the package, asked by its lists. */
export async function startEmbeddedBackend(
  storage: 'forgetful' | 'lasting',
  protocol: Protocol = 'v2',
): Promise<ScenarioBackend> {
  const folder = storage === 'lasting' ? mkdtempSync(path.join(tmpdir(), 'skyanchor-collector-')) : undefined;
  const collector = await startCollector({ port: 0, protocol, storage: folder ?? 'memory' });
  return {
    address: collector.address,
    services: async () => collector.services().map(row),
    instances: async (service) =>
      collector
        .instances()
        .filter((one) => one.service === service)
        .map(instanceRow),
    endpoints: async (service) =>
      collector
        .endpoints()
        .filter((one) => one.service === service)
        .map(row),
    traces: async (service, instanceId) =>
      collector
        .segments()
        .filter((segment) => segment.service === service)
        .filter(({ instanceId: id, instance }) => String(id || instance) === instanceId)
        .map(({ traceId }) => traceId),
    trace: async (traceId) =>
      collector
        .segments()
        .filter((segment) => segment.traceId === traceId)
        .flatMap((segment) => segment.spans.map((span) => spanRow(segment, span))),
    topology: async () => callsOf(collector),
    wipe: (whileDown) => collector.wipe(whileDown),
    restart: (whileDown) => collector.restart(whileDown),
    stop: async () => {
      await collector.stop();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
