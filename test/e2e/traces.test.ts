import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Operator } from '../scenario/operator';
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

/** The segments that the backend has, once there are that many. */
function segments(count: number) {
  return until(
    () => collector.segments(),
    (found) => found.length >= count,
    { timeoutMs: 10_000 },
  );
}

describe('an operator', () => {
  let operator: Operator;

  /** @returns the stamp that ends it */
  async function told(command: string): Promise<string> {
    const id = `c${operator.stamps().length}`;
    await operator.append(`${command} id=${id}`);
    const end = await until(
      () => operator.stamps().find((stamp) => stamp.id === id && stamp.state !== 'running'),
      (stamp) => stamp !== undefined,
      { timeoutMs: 10_000 },
    );
    return `${end!.state} ${end!.detail}`;
  }

  it('sets the sample rate and switches instrumentations while the application runs', async () => {
    operator = new Operator();
    const agent = await agentOn('v3', { commandFile: operator.commandFile, sampleRate: 0 });
    const server = http.createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${port}/orders`)).text();
    try {
      await ask();
      expect(agent.status().segments.accepted).toBe(0);
      expect(await told('set sample-rate 1')).toMatch(/^done 0->1 /);
      expect(agent.status().settings.sampleRate).toEqual({ value: 1, from: 'command' });
      await ask();
      await until(
        () => agent.status().segments.accepted,
        (accepted) => accepted === 2,
      );
      expect(await told('disable http')).toMatch(/^done on->off /);
      expect(await told('disable http')).toMatch(/^done off->off /);
      await ask();
      await until(
        () => agent.status().segments.accepted,
        (accepted) => accepted === 3,
      );
      expect(await told('enable http')).toMatch(/^done off->on /);
      await ask();
      await until(
        () => agent.status().segments.accepted,
        (accepted) => accepted === 5,
      );
      expect(await told('set sample-rate 2')).toMatch(
        /^rejected \S+ set: argument value: expected a number from 0 to 1, or default$/,
      );
      expect(await told('set heartbeat 2')).toMatch(/^rejected .*set: argument setting: expected one of sample-rate/);
      expect(await told('disable postgres')).toMatch(
        /^rejected .*disable: argument instrumentation: expected one of http,/,
      );
      expect(await told('set sample-rate default')).toMatch(/^done 1->0 /);
      await ask();
      expect(agent.status().segments.accepted).toBe(5);
    } finally {
      server.close();
      operator.leave();
    }
  });
});

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
