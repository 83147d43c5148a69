import type { Status } from '../../src/agent/status';
import type { SpanRow } from './backend';
import { INSTANCE, PAGES, SERVICE, type Stage } from './stage';

const PAGE_NAMES = Object.keys(PAGES).sort();
const TRACES_A_ROUND = PAGE_NAMES.length;

/** The ids that the agent says it has are those that the backend has given to its names. */
export async function expectKnown(stage: Stage, { registration }: Status): Promise<void> {
  const ledger = await stage.ledger(({ instances }) => instances.length > 0);
  expect(ledger.services.filter(({ name }) => name === SERVICE)).toEqual([
    { id: String(registration.serviceId), name: SERVICE },
  ]);
  expect(ledger.instances).toHaveLength(1);
  const { id, uuid, attributes, language } = ledger.instances[0]!;
  expect({ id, language }).toEqual({ id: String(registration.instanceId), language: 'NODEJS' });
  expect([uuid, attributes['instance_name']]).toContain(INSTANCE);
}

/** Every page was traced so often, as what it was. */
function expectPages(spans: readonly SpanRow[], times: number): void {
  const entries = spans.filter(({ type }) => type === 'Entry');
  for (const [page, statusCode] of Object.entries(PAGES)) {
    const ofPage = entries.filter(({ name }) => name === page);
    expect([page, ofPage.length]).toEqual([page, times]);
    for (const span of ofPage) {
      expect(span).toMatchObject({ service: SERVICE, component: 'HttpServer', layer: 'Http', parentSpanId: -1 });
      expect([page, span.isError]).toEqual([page, statusCode >= 400]);
      expect(span.tags).toMatchObject({ 'http.method': 'GET', status_code: String(statusCode) });
      expect(span.tags['url']).toMatch(new RegExp(`${page}$`));
    }
  }
}

function expectCallsOut(spans: readonly SpanRow[], warehouse: string, times: number): void {
  const exits = spans.filter(({ type }) => type === 'Exit');
  expect(exits).toHaveLength(times);
  for (const span of exits) {
    expect(span).toMatchObject({ name: '/stock', peer: warehouse, component: 'HttpClient', layer: 'Http' });
    expect(span).toMatchObject({ isError: false, parentSpanId: 0 });
    expect(span.tags).toMatchObject({ 'http.method': 'GET', status_code: '200', url: `http://${warehouse}/stock` });
  }
}

/** Visits every page until it goes by its id, then once more; all of it is booked on the instance of now. */
export async function expectTraced(stage: Stage, { registration }: Status): Promise<void> {
  const before = new Set(await stage.backend.traces(SERVICE, String(registration.instanceId))).size;
  for (let round = 0; round < 3; round++) await stage.visitAll();
  await stage.status(
    ({ endpoints, networkAddresses }) => endpoints.known === PAGE_NAMES.length && networkAddresses.known === 1,
  );
  await stage.visitAll();
  const spans = await stage.spans(registration.instanceId, before + 4 * TRACES_A_ROUND);
  const rounds = before / TRACES_A_ROUND + 4;
  expectPages(spans, rounds);
  expectCallsOut(spans, stage.warehouse, rounds);
  const { endpoints } = await stage.ledger((ledger) => ledger.endpoints.length >= PAGE_NAMES.length);
  expect(endpoints.map(({ name }) => name).sort()).toEqual(PAGE_NAMES);
}

/** It registered afresh without an operator's word, and all is as it should be. */
export async function expectHealed(stage: Stage, before: Status): Promise<void> {
  const healed = await stage.registered(({ registration }) => registration.epoch > before.registration.epoch);
  expect(['backend', 'verification']).toContain(healed.registration.reason);
  await expectKnown(stage, healed);
  await expectTraced(stage, healed);
}
