import path from 'node:path';
import type { Status } from '../../src/api/status';
import { startCollector, type Collector, type SegmentRecord } from '../../src/testing/index';
import { connectV2Agent } from '../oap/oap';
import { Operator } from '../scenario/operator';
import { assertAccounted } from '../support/accounting';
import { endApps, REGISTER, startApp, type App } from '../support/app';
import { Load } from '../support/load';
import { until } from '../support/until';

const LOADED = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'loaded.js');
const PER_SECOND = 2_000;
const PATIENCE = { timeoutMs: 60_000 };
/** Reading lists of thousands again and again would keep the backend, which is in this process, from filling them. */
const SHOWN = { timeoutMs: 20_000, everyMs: 200 };
/** On one stream at most: what may be lost when it breaks. */
const MAX_IN_FLIGHT = 2_048;

jest.setTimeout(180_000);

/** The moment of the accident, after a second and a half of load, in milliseconds. */
const seed = Math.floor(Math.random() * 1_000);

let collector: Collector;
let operator: Operator;
let load: Load | undefined;

async function run(nodes: number): Promise<App> {
  collector = await startCollector({ nodes, idDelayMs: 10, maxRecords: 500_000 });
  operator = new Operator();
  const app = startApp(LOADED, {
    nodeFlags: ['--require', REGISTER],
    env: {
      SW_AGENT_NAME: 'loaded',
      SW_AGENT_INSTANCE_NAME: 'loaded-1',
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.addresses.join(','),
      SW_AGENT_COMMAND_FILE: operator.commandFile,
      SW_AGENT_HEARTBEAT_MS: '500',
      SW_AGENT_MAX_BUFFER_SIZE: '100000',
      // The name is compared with the path in the tag.
      SW_AGENT_GROUP_ENDPOINTS: 'false',
    },
  });
  const port = await app.port();
  await until(() => latest(app)?.registration.phase === 'registered', Boolean, PATIENCE);
  load = new Load({ port, perSecond: PER_SECOND, page: (at) => `/${at % 20 === 0 ? 'call' : 'page'}/${at % 7}` });
  await new Promise((resolve) => setTimeout(resolve, 1_500 + seed));
  return app;
}

afterEach(async () => {
  load?.close();
  load = undefined;
  await endApps();
  await collector.stop();
  operator.leave();
});

type Reading = Pick<Status, 'backend' | 'registration' | 'segments'>;

/** What the agent said of itself, all that came so far. */
function readings(stdout: string): Reading[] {
  return [...stdout.matchAll(/^status (.*)\n/gm)].map(([, json]) => JSON.parse(json!) as Reading);
}

function latest({ stdout }: App): Reading | undefined {
  return readings(stdout.slice(-3_000)).at(-1);
}

const registeredAnew = (app: App, epoch: number) =>
  until(
    () => latest(app),
    (reading) => reading && reading.registration.epoch > epoch && reading.registration.phase === 'registered',
    PATIENCE,
  );

/** The load ends; everything that was asked is answered, and everything that was traced has its fate. */
async function settled(app: App): Promise<Reading> {
  load!.stop();
  await until(() => load!.answered >= load!.asked, Boolean, PATIENCE);
  await until(
    () => latest(app)!.segments,
    ({ accepted, inFlight, buffered }) => accepted >= load!.asked && inFlight + buffered === 0,
    PATIENCE,
  );
  for (const { segments } of readings(app.stdout)) assertAccounted(segments);
  return latest(app)!;
}

const idsOf = (segments: readonly { segmentId: string }[]): string[] => segments.map(({ segmentId }) => segmentId);

/** A stream is sent again whose connection is lost before its answer. */
const twice = (ids: readonly string[]): number => ids.length - new Set(ids).size;

/** Segments that backends took in streams that ended so. */
function received(pleases: (status: string, generation: number) => boolean): number {
  return collector
    .calls('collect')
    .filter(({ status, generation }) => pleases(status, generation))
    .reduce((sum, { request }) => sum + Number(request?.['segments'] ?? 0), 0);
}

/** What is booked under a name that is not its own. The `url` of a span tells where it really belongs. */
function misnamed(segments: readonly SegmentRecord[]): string[] {
  return segments.flatMap(({ service, instance, spans }) => {
    const faults = service === 'loaded' && instance === 'loaded-1' ? [] : [`service ${service}, instance ${instance}`];
    for (const { type, operationName, peer, tags, refs } of spans) {
      const url = new URL(tags.find(({ key }) => key === 'url')!.value);
      if (url.pathname !== operationName) faults.push(`${url.pathname} as ${operationName}`);
      if (type === 'Exit' && url.host !== peer) faults.push(`${url.host} as ${peer}`);
      for (const { parentInstance } of refs) {
        if (parentInstance !== 'loaded-1') faults.push(`a ref to ${parentInstance}`);
      }
    }
    return faults;
  });
}

/** What makes a failure worth reading. */
function figures(app: App, more: object): string {
  const { segments, registration } = latest(app)!;
  return JSON.stringify({ seed, asked: load!.asked, perSecond: load!.perSecond, ...segments, registration, ...more });
}

function check(claims: Readonly<Record<string, boolean>>, app: App, more: object): void {
  const broken = Object.keys(claims).filter((claim) => !claims[claim]);
  if (broken.length > 0) throw new Error(`not so: ${broken.join('; ')}. ${figures(app, more)}`);
}

describe('under two thousand requests a second, nothing is lost or mislabelled unless it is counted', () => {
  it('when the storage is cleared, and a stranger gets our ids', async () => {
    const app = await run(1);
    const before = collector.segments();
    const { registration } = latest(app)!;
    await collector.wipe();
    const stranger = connectV2Agent(collector.address);
    const strangers = await stranger.serviceId('stranger');
    const strangersInstance = await stranger.instanceId(strangers, 'stranger-1');
    stranger.close();
    await registeredAnew(app, registration.epoch);
    await until(() => collector.segments().length > PER_SECOND, Boolean, { ...PATIENCE, everyMs: 200 });
    const { segments, registration: now } = await settled(app);
    const ids = (): string[] => idsOf([...before, ...collector.segments(), ...collector.droppedSegments()]);
    // Those that the backend had taken before the wipe, but not shown yet when this looked for the last time.
    const wipedUnseen = received((_, generation) => generation === 1) - before.length;
    const missing = (): number => segments.accepted - new Set(ids()).size;
    await until(() => missing() <= segments.dropped + wipedUnseen, Boolean, SHOWN).catch(() => undefined);
    const faults = misnamed([...before, ...collector.segments()]);
    check(
      {
        'none of them twice but what one stream held': twice(ids()) <= MAX_IN_FLIGHT,
        'what is missing was counted, or wiped': missing() <= segments.dropped + wipedUnseen,
        'what was sent was received': received((status) => status === 'OK') >= segments.sent,
        'no more was lost than one stream held': segments.dropped <= MAX_IN_FLIGHT,
        'none under another name': faults.length === 0,
        'the backend threw none away': collector.droppedSegments().length === 0,
        'the stranger had our service id': strangers === registration.serviceId,
        'and we have another': now.serviceId !== registration.serviceId,
      },
      app,
      { missing: missing(), wipedUnseen, faults: faults.slice(0, 5), strangers, strangersInstance },
    );
  });

  it('when the operator writes a reset: all of them arrive', async () => {
    const app = await run(1);
    const { registration } = latest(app)!;
    await operator.echo('reset id=under-load');
    await registeredAnew(app, registration.epoch);
    await operator.append('reset id=once-more');
    await registeredAnew(app, registration.epoch + 1);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { segments } = await settled(app);
    const ids = (): string[] => idsOf([...collector.segments(), ...collector.droppedSegments()]);
    await until(() => ids().length >= segments.accepted, Boolean, SHOWN).catch(() => undefined);
    const faults = misnamed(collector.segments());
    check(
      {
        'each of them once': new Set(ids()).size === ids().length,
        'all of them': ids().length === segments.accepted && segments.sent === segments.accepted,
        'none under another name': faults.length === 0,
        'the backend threw none away': collector.droppedSegments().length === 0,
        'both commands were answered': operator.stamps().filter(({ state }) => state === 'done').length === 2,
      },
      app,
      { found: ids().length, faults: faults.slice(0, 5) },
    );
  });

  it('when one of two nodes is lost, comes back, and the other one is lost', async () => {
    const app = await run(2);
    for (const round of [1, 2]) {
      const lost = collector.addresses.indexOf(latest(app)!.backend!);
      await collector.stopNode(lost);
      await until(() => latest(app)!.backend === collector.addresses[1 - lost], Boolean, PATIENCE);
      await until(() => collector.segments().at(-1)?.node === 1 - lost, Boolean, { ...PATIENCE, everyMs: 200 });
      await new Promise((resolve) => setTimeout(resolve, 300 * round));
      await collector.startNode(lost);
    }
    const { segments } = await settled(app);
    const ids = (): string[] => idsOf([...collector.segments(), ...collector.droppedSegments()]);
    const missing = (): number => segments.accepted - new Set(ids()).size;
    await until(() => missing() <= segments.dropped, Boolean, SHOWN).catch(() => undefined);
    const faults = misnamed(collector.segments());
    const { 'fate-unknown': unknown = 0, ...others } = segments.droppedBecause;
    check(
      {
        'none of them twice but what two streams held': twice(ids()) <= 2 * MAX_IN_FLIGHT,
        'what is missing was counted': missing() <= segments.dropped,
        'as of unknown fate': Object.keys(others).length === 0,
        'no more than two streams held': unknown <= 2 * MAX_IN_FLIGHT,
        'none under another name': faults.length === 0,
        'the backend threw none away': collector.droppedSegments().length === 0,
        'both nodes had some': [0, 1].every((node) => collector.segments().some((segment) => segment.node === node)),
      },
      app,
      { missing: missing(), faults: faults.slice(0, 5) },
    );
  });
});
