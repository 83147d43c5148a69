import { startCollector, type Collector } from '../../src/testing/index';
import { startOwn, stopOwn } from '../support/own-agent';
import { until } from '../support/until';

let collector: Collector;

afterEach(async () => {
  try {
    await stopOwn();
  } finally {
    await collector.stop();
  }
});

async function agentOn(protocol: 'v2' | 'v3', options = {}) {
  collector = await startCollector({ protocol, idDelayMs: 10 });
  const agent = startOwn({ backends: collector.address, ...options });
  await agent.ready();
  return agent;
}

/** The segments that the backend has, once there are so many. */
function segments(count: number) {
  return until(
    () => collector.segments(),
    (found) => found.length >= count,
    { timeoutMs: 10_000 },
  );
}

describe.each(['v2', 'v3'] as const)('spans by hand on %s', (protocol) => {
  it('join a message between two services to one trace, and name it in the log', async () => {
    const agent = await agentOn(protocol);
    expect([agent.currentSpan(), agent.logContext()]).toEqual([undefined, undefined]);
    const message = new Map<string, string>();
    const published = agent.exit('orders/publish', 'mqtt:1883', (_span, inject) => {
      inject((name, value) => message.set(name, value));
      return agent.logContext()!;
    });
    const received = await agent.entry('orders/received', message, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      agent.currentSpan()!.tag('tenant', 'acme');
      return agent.logContext()!;
    });
    expect(received.traceId).toBe(published.traceId);
    expect(String(received)).toBe(
      `[SW_CTX:[orders,orders-1,${received.traceId},${received.segmentId},${received.spanId}]]`,
    );
    const found = await segments(2);
    expect(found.map(({ traceId }) => traceId)).toEqual([published.traceId, published.traceId]);
    expect(found.map(({ segmentId }) => segmentId).sort()).toEqual([published.segmentId, received.segmentId].sort());
    expect(collector.droppedSegments()).toEqual([]);
  });
});
