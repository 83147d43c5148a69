import type { Agent } from '../../src/index';
import { startCollector, type Collector } from '../../src/testing/index';
import { assertAccounted } from '../support/accounting';
import { logged, startOwn, stopOwn } from '../support/own-agent';
import { until } from '../support/until';

let collector: Collector;

beforeEach(async () => {
  collector = await startCollector({ idDelayMs: 10, maxRecords: 100_000 });
});

afterEach(async () => {
  try {
    await stopOwn();
  } finally {
    await collector.stop();
  }
});

const run = (options = {}): Agent => startOwn({ backends: collector.address, heartbeatMs: 200, ...options });

/** That number of traces of one segment each; their ids. */
function trace(agent: Agent, count: number): string[] {
  return Array.from({ length: count }, (_, at) =>
    agent.trace(`job-${at % 5}`, (span) => {
      span.tag('number', at);
      return agent.currentTraceId()!;
    }),
  );
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** So that three rounds of it fit into the buffer, however slow the machine. */
const MOST = 2_000;

/** Traces on and on, some at every turn of the event loop, while `work` is done; the ids. */
async function traceWhile(agent: Agent, work: Promise<unknown>): Promise<string[]> {
  const traceIds: string[] = [];
  let isDone = false;
  const done = work.finally(() => (isDone = true));
  while (!isDone) {
    if (traceIds.length < MOST) traceIds.push(...trace(agent, 5));
    assertAccounted(agent.status().segments);
    await nextTurn();
  }
  await done;
  return traceIds;
}

/** Everything that the backend got, shown or thrown away; each once. */
function found(): Set<string> {
  const traceIds = [...collector.segments(), ...collector.droppedSegments()].map(({ traceId }) => traceId);
  expect(new Set(traceIds).size).toBe(traceIds.length);
  return new Set(traceIds);
}

/** How many segments the backend ever got, in streams that ended so. Wiping its storage does not wipe this. */
function received(pleases: (status: string) => boolean = () => true): number {
  return collector
    .calls('collect')
    .filter(({ status }) => pleases(status))
    .reduce((sum, { request }) => sum + Number(request?.['segments'] ?? 0), 0);
}

/** Everything is sent or given up, and what was sent is at the backend. */
async function expectFate(agent: Agent, traceIds: readonly string[]): Promise<void> {
  expect(await agent.flush()).toBe(true);
  const { accepted, sent, dropped, inFlight, buffered } = agent.status().segments;
  expect({ accepted, inFlight, buffered }).toEqual({ accepted: traceIds.length, inFlight: 0, buffered: 0 });
  // What it got it shows only when all its names have ids.
  await until(found, ({ size }) => size >= sent);
  const all = found();
  expect(traceIds.filter((traceId) => !all.has(traceId)).length).toBeLessThanOrEqual(dropped);
}

describe('every segment that was accepted is found at the backend or counted as dropped', () => {
  it('under load, all of them arrive', async () => {
    const agent = run();
    // The first ones come before the name is claimed, the next before it is registered.
    const traceIds = trace(agent, 500);
    traceIds.push(...(await traceWhile(agent, agent.ready())));
    for (let burst = 0; burst < 5; burst++) {
      traceIds.push(...trace(agent, 300));
      await nextTurn();
    }
    await expectFate(agent, traceIds);
    expect(agent.status().segments).toMatchObject({ sent: traceIds.length, dropped: 0, droppedBecause: {} });
    expect(collector.segments()).toHaveLength(traceIds.length);
    expect(collector.segments().map(({ instance }) => instance)).not.toContain('');
  });

  it('over three resets, all of them arrive', async () => {
    const agent = run();
    await agent.ready();
    const traceIds: string[] = [];
    for (let round = 0; round < 3; round++) {
      traceIds.push(...trace(agent, 1_000));
      // In the middle of a stream: what was written under the old ids is on its way, the rest goes under the new ones.
      while (agent.status().segments.inFlight === 0) await nextTurn();
      traceIds.push(...(await traceWhile(agent, agent.reset())));
    }
    await expectFate(agent, traceIds);
    expect(agent.status().segments).toMatchObject({ sent: traceIds.length, dropped: 0 });
    expect(agent.status().registration).toMatchObject({ epoch: 4, reason: 'api' });
  });

  it('over a restart of the backend', async () => {
    const agent = run();
    await agent.ready();
    const traceIds = await traceWhile(
      agent,
      collector.restart(() => until(() => agent.status().backend === null)),
    );
    traceIds.push(...trace(agent, 200));
    await expectFate(agent, traceIds);
    const { droppedBecause } = agent.status().segments;
    expect(Object.keys(droppedBecause).filter((reason) => reason !== 'fate-unknown')).toEqual([]);
    expect(traceIds.slice(-200).filter((traceId) => !found().has(traceId))).toEqual([]);
  });

  it('over a wipe of the storage, whose traces before it are gone for everybody', async () => {
    const agent = run();
    await agent.ready();
    const before = await traceWhile(
      agent,
      until(() => received() > 500),
    );
    const during = await traceWhile(
      agent,
      collector.wipe(() => until(() => agent.status().backend === null)),
    );
    await until(
      () => agent.status().registration,
      ({ epoch, phase }) => epoch > 1 && phase === 'registered',
    );
    const after = trace(agent, 1_000);
    expect(await agent.flush()).toBe(true);
    const { accepted, sent, dropped } = agent.status().segments;
    expect(accepted).toBe(before.length + during.length + after.length);
    expect(sent + dropped).toBe(accepted);
    // The last OK may have been cut off on its way to us.
    expect(received((status) => status === 'OK')).toBeGreaterThanOrEqual(sent);
    expect(received() + dropped).toBeGreaterThanOrEqual(accepted);
    await until(() => after.every((traceId) => found().has(traceId)));
    const shown = collector.segments().filter(({ traceId }) => after.includes(traceId));
    expect(new Set(shown.map(({ instanceId }) => instanceId))).toEqual(
      new Set([agent.status().registration.instanceId]),
    );
    expect(shown).toHaveLength(after.length);
  });

  it('with a buffer that is too small for a long time without a backend: the newest arrive', async () => {
    let traceIds: string[] = [];
    let agent!: Agent;
    await collector.restart(async () => {
      agent = run({ maxBuffer: 100 });
      traceIds = trace(agent, 3_000);
      await until(() => agent.status().heartbeat.failures > 0);
      expect(agent.status().segments).toEqual({
        ...{ accepted: 3_000, sent: 0, dropped: 2_900, inFlight: 0, buffered: 100 },
        droppedBecause: { 'buffer-full': 2_900 },
      });
      expect(await agent.flush(50)).toBe(false);
    });
    await agent.ready();
    await expectFate(agent, traceIds);
    expect(agent.status().segments).toMatchObject({ sent: 100, dropped: 2_900 });
    expect([...found()].sort()).toEqual(traceIds.slice(-100).sort());
    expect(logged.filter((line) => line.startsWith('warn: 2900 segments dropped so far'))).toHaveLength(1);
  });

  it('where the backend refuses all of them', async () => {
    collector.faults.add({ method: 'collect', fault: { type: 'refuse', code: 'PERMISSION_DENIED' } });
    const agent = run();
    await agent.ready();
    trace(agent, 300);
    expect(await agent.flush()).toBe(true);
    expect(agent.status().segments).toMatchObject({
      accepted: 300,
      sent: 0,
      dropped: 300,
      droppedBecause: { refused: 300 },
    });
    expect(found().size).toBe(0);
  });

  it('when the agent is stopped in the middle: what it can it sends, and what comes later is given up', async () => {
    let agent = run();
    let traceIds: string[] = [];
    const stoppedInMs = async (): Promise<number> => {
      agent = run();
      await agent.ready();
      traceIds = trace(agent, 500);
      const startedAt = performance.now();
      await agent.stop();
      return performance.now() - startedAt;
    };
    // A busy machine may need all of the second that stopping takes: that run is cut off, and says nothing.
    await until(stoppedInMs, (ms) => ms < 1_000, { timeoutMs: 15_000 });
    expect(agent.status().registration).toMatchObject({ phase: 'stopped', serviceId: null, instanceId: null });
    const { segments } = agent.status();
    expect(segments).toMatchObject({ accepted: 500, sent: 500, dropped: 0, inFlight: 0, buffered: 0 });
    await until(
      () => traceIds.filter((traceId) => !found().has(traceId)),
      ({ length }) => length === 0,
    );

    expect(agent.trace('late', () => 7)).toBe(7);
    const { accepted, droppedBecause } = agent.status().segments;
    expect(accepted - 500).toBe((droppedBecause['stopped'] ?? 0) - (segments.droppedBecause['stopped'] ?? 0));
    assertAccounted(agent.status().segments);
  });

  it('when it is stopped and there never was a backend: none of them, and all are counted', async () => {
    await collector.stop();
    const agent = run();
    trace(agent, 400);
    await agent.stop();
    expect(agent.status().segments).toEqual({
      ...{ accepted: 400, sent: 0, dropped: 400, inFlight: 0, buffered: 0 },
      droppedBecause: { stopped: 400 },
    });
  });
});
