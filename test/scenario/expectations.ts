import type { Status } from '../../src/api/status';
import type { SpanRow } from './backend';
import type { Manner } from './protocol-expectations';
import { INSTANCE, nameOf, PAGES, SERVICE, type Stage } from './scenario-fixture';

const PAGE_NAMES = Object.keys(PAGES).sort();
const TRACES_A_ROUND = PAGE_NAMES.length;

/** By what the agent says the backend knows it, by that it does, and shows all that an operator looks for. */
export async function expectKnown(stage: Stage, status: Status): Promise<void> {
  const identity = stage.identity(status);
  // The one is shown before the other.
  const ledger = await stage.ledger(
    ({ services, instances }) =>
      services.some(({ name }) => name === SERVICE) && instances.some(({ language }) => language === 'NODEJS'),
  );
  expect(ledger.services.filter(({ name }) => name === SERVICE)).toEqual([{ id: identity.service, name: SERVICE }]);
  expect(ledger.instances).toHaveLength(1);
  const { id, uuid, attributes } = ledger.instances[0]!;
  expect(id).toBe(identity.instance);
  expect([uuid, attributes['instance_name']]).toContain(INSTANCE);
  expect(attributes).toMatchObject(stage.manner.attributes(stage.app.pid));
}

/** Every page was traced so often, as what it was. */
function expectPages(spans: readonly SpanRow[], manner: Manner, times: number): void {
  const entries = spans.filter(({ type }) => type === 'Entry');
  for (const [page, statusCode] of Object.entries(PAGES)) {
    const ofPage = entries.filter(({ name }) => name === manner.endpoint(nameOf(page)));
    expect([page, ofPage.length]).toEqual([page, times]);
    for (const span of ofPage) {
      expect(span).toMatchObject({ service: SERVICE, component: 'HttpServer', layer: 'Http', parentSpanId: -1 });
      expect([page, span.isError]).toEqual([page, statusCode >= 400]);
      expect(span.tags).toMatchObject({ 'http.method': 'GET', [manner.statusTag]: String(statusCode) });
      expect(span.tags['url']).toMatch(new RegExp(`${page}$`));
    }
  }
}

function expectCallsOut(spans: readonly SpanRow[], { manner, warehouse }: Stage, times: number): void {
  const exits = spans.filter(({ type }) => type === 'Exit');
  expect(exits).toHaveLength(times);
  for (const span of exits) {
    expect(span).toMatchObject({ name: '/stock', peer: warehouse, component: 'HttpClient', layer: 'Http' });
    expect(span).toMatchObject({ isError: false, parentSpanId: 0 });
    expect(span.tags).toMatchObject({
      'http.method': 'GET',
      [manner.statusTag]: '200',
      url: `http://${warehouse}/stock`,
    });
  }
}

/** Visits every page until it goes by its id, where there are any, then once more; all of it is booked on the instance of now. */
export async function expectTraced(stage: Stage, status: Status): Promise<void> {
  const { backend, manner } = stage;
  const { instance } = stage.identity(status);
  const before = new Set(await backend.traces(SERVICE, instance)).size;
  for (let round = 0; round < 3; round++) await stage.visitAll();
  if (manner.hasIds) {
    await stage.status(
      ({ endpoints, networkAddresses }) => endpoints.known === PAGE_NAMES.length && networkAddresses.known === 1,
    );
  }
  await stage.visitAll();
  const spans = await stage.spans(instance, before + 4 * TRACES_A_ROUND);
  const rounds = before / TRACES_A_ROUND + 4;
  expectPages(spans, manner, rounds);
  expectCallsOut(spans, stage, rounds);
  const { endpoints } = await stage.ledger((ledger) => ledger.endpoints.length >= PAGE_NAMES.length);
  expect(endpoints.map(({ name }) => name).sort()).toEqual(
    PAGE_NAMES.map((page) => manner.endpoint(nameOf(page))).sort(),
  );
  // What has no answer yet when a storage is cleared is sent again, to the backend of after. The counters may be old.
  await stage.status(
    ({ segments: { accepted, inFlight, buffered } }) => accepted >= stage.visits && inFlight + buffered === 0,
  );
}

/** It is known again without an operator's word, and all is as it should be. */
export async function expectHealed(stage: Stage, before: Status): Promise<void> {
  const { registration: past } = before;
  const healed = await stage.registered(({ registration: now }) =>
    stage.manner.hasIds ? now.epoch > past.epoch : now.since > past.since,
  );
  const { epoch, reason } = healed.registration;
  if (stage.manner.hasIds) expect(['backend', 'verification']).toContain(reason);
  // Names stay what they are: nothing was forgotten, it was only told again.
  else expect({ epoch, reason }).toEqual({ epoch: past.epoch, reason: past.reason });
  await expectKnown(stage, healed);
  await expectTraced(stage, healed);
}
