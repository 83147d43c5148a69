import { until } from '../../support/until';
import { connectV2Agent } from '../oap';
import { describeClusterFaults } from './cluster-faults';
import { collect, encodeV2 } from './collect';
import { isKnown, PATIENCE, startTeller, statusOf } from './pair';

/** For how long the nodes believe in one that has died, with what they need to look again. */
const SESSION_MS = 4_000;
const LOOKS_AGAIN_MS = 6_000;
const NAMES = 50;

describeClusterFaults({
  version: '6.5.0',
  async sendTwice(nodes) {
    const agent = connectV2Agent(nodes[0]!.grpc);
    const serviceId = await agent.serviceId('twice');
    const serviceInstanceId = await agent.instanceId(serviceId, 'twice-1');
    const operationNameId = await agent.endpointId(serviceId, '/twice');
    agent.close();
    const now = Date.now();
    const traceSegmentId = { idParts: [BigInt(serviceInstanceId), 1n, BigInt(now) * 10_000n] };
    const span = {
      ...{ spanId: 0, parentSpanId: -1, spanType: 'Entry', operationNameId, componentId: 4001 },
      ...{ startTime: now, endTime: now },
    };
    const segment = encodeV2({ traceSegmentId, serviceId, serviceInstanceId, spans: [span] });
    for (const { grpc } of nodes) await collect('v2', grpc, { globalTraceIds: [traceSegmentId], segment });
  },
  more(cluster, start) {
    it('find the same ids at either node, though both are asked for new names at once', async () => {
      const agents = cluster().nodes.map(({ grpc }) => connectV2Agent(grpc));
      const names = Array.from({ length: NAMES }, (_, n) => `both-${n}`);
      const asked = performance.now();
      const [first, second] = await Promise.all(
        agents.map((agent) => Promise.all(names.map((name) => agent.serviceId(name)))),
      );
      const tookMs = Math.round(performance.now() - asked);
      for (const agent of agents) agent.close();
      process.stdout.write(`6.5.0, ${NAMES} new names at both nodes at once: the same ids after ${tookMs} ms\n`);
      expect(second).toEqual(first);
      expect(new Set(first).size).toBe(NAMES);
    });

    it('get no new name while the first node is dead and believed in, and one that comes then is registered after its session', async () => {
      const pair = await start();
      const [first] = cluster().nodes;
      await pair.begin();
      await pair.end([first!], 'kill');
      const killedAt = performance.now();
      const newcomer = startTeller('newcomer', cluster().addresses.join(','));
      const { registration } = await until(() => statusOf(newcomer), isKnown, PATIENCE);
      const tookMs = Math.round(performance.now() - killedAt);
      process.stdout.write(`6.5.0, the first node killed: a newcomer is registered ${tookMs} ms later\n`);
      expect(tookMs).toBeLessThan(SESSION_MS + LOOKS_AGAIN_MS + 5_000);
      expect(registration.serviceId).toBeGreaterThan(1);
      const { front, orders } = await pair.statuses();
      for (const { registration } of [front, orders])
        expect(registration).toMatchObject({ epoch: 1, phase: 'registered' });
      await first!.start();
    });
  },
});
