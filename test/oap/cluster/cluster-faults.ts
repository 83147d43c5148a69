import { until } from '../../support/until';
import type { App } from '../../support/app';
import { startCluster, type Cluster, type ClusterOptions } from '../oap';
import { becomesKnown, Pair, PATIENCE, startTeller, statusOf, tell, type PairOptions } from './pair';

/** How long no node is there. */
const OUTAGE_MS = 12_000;
const TRACES = 1_750;
const AGENTS = 4;
const MAX_CONNECTION_AGE_MS = 2_000;

/** The two services at a node each, so that no trace is seen by one node alone. */
const apart = ({ nodes }: Cluster): PairOptions => ({
  backends: { front: nodes[1]!.grpc, orders: nodes[0]!.grpc },
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What two services live through at the nodes of a cluster, whatever protocol those speak. */
export function describeClusterFaults(
  version: ClusterOptions['version'],
  describeMore: (cluster: () => Cluster, start: (options?: PairOptions) => Promise<Pair>) => void,
): void {
  describe(`two services at a cluster of two nodes of OAP ${version}`, () => {
    let cluster: Cluster;
    let pair: Pair | undefined;

    beforeAll(async () => {
      cluster = await startCluster({ version });
    });

    afterEach(async () => {
      await pair?.stop();
      pair = undefined;
    });

    afterAll(() => cluster.stop());

    async function start(options?: PairOptions): Promise<Pair> {
      pair = await Pair.start(cluster, options);
      return pair;
    }

    it('are in one trace a request, and lose nothing that no node took as it ended, while no node is there for 12 s', async () => {
      const pair = await start(apart(cluster));
      const before = await pair.statuses();
      await pair.begin();
      await pair.visited(100);
      const killedAt = performance.now();
      await pair.end(cluster.nodes);
      await pause(OUTAGE_MS - (performance.now() - killedAt));
      await cluster.start();
      const backAt = performance.now();
      const known = await pair.known();
      const tookMs = Math.round(performance.now() - backAt);
      await pair.visitedInAll(TRACES);
      const after = await pair.settled();
      const shown = await pair.shown();
      tell(`${version}, no node for 12 s`, shown, after, `; known again ${tookMs} ms after the last node was ready`);
      expect(shown).toMatchObject({ split: 0, unexplained: 0 });
      for (const role of ['front', 'orders'] as const) {
        expect(after[role].segments).toMatchObject({ sent: shown.asked, dropped: 0 });
        const { epoch, serviceId, instanceId } = before[role].registration;
        expect(known[role].registration).toMatchObject({ epoch, serviceId, instanceId });
      }
      // Whichever node is asked shows both services, joined.
      for (const node of cluster.nodes) {
        const spans = await until(
          () => node.trace(pair.lastTrace),
          ({ length }) => length === 3,
        );
        expect(new Set(spans.map(({ serviceCode }) => serviceCode))).toEqual(new Set(['front', 'orders']));
        expect(spans.filter(({ refs }) => refs.length === 1)).toHaveLength(1);
      }
    });

    it('do so while the nodes are restarted one after the other', async () => {
      const pair = await start();
      await pair.begin();
      for (const node of [...cluster.nodes, cluster.nodes[0]!]) {
        await pair.visited(50);
        await pair.end([node]);
        await pair.visited(50);
        await node.start();
      }
      await pair.visited(50);
      const after = await pair.settled();
      const shown = await pair.shown();
      tell(`${version}, three nodes restarted in turn`, shown, after);
      expect(shown).toMatchObject({ split: 0, unexplained: 0 });
      for (const { segments, registration } of Object.values(after)) {
        expect(segments).toMatchObject({ sent: shown.asked, dropped: 0 });
        expect(registration.epoch).toBe(1);
      }
    });

    it('spread over the nodes again after a rolling restart, with maxConnectionAgeMs', async () => {
      const [first, second] = cluster.nodes as [Cluster['nodes'][0], Cluster['nodes'][0]];
      const env = { SW_AGENT_MAX_CONNECTION_AGE_MS: String(MAX_CONNECTION_AGE_MS) };
      const pair = await start({ env });
      const more: App[] = [];
      try {
        for (let n = 2; n < AGENTS; n++) more.push(startTeller(`other-${n}`, cluster.addresses.join(','), env));
        for (const app of more) await becomesKnown(app);
        const places = async (): Promise<(string | null)[]> => {
          const found = [pair.front, pair.orders, ...more].map(async (app) => (await statusOf(app)).backend);
          return Promise.all(found);
        };
        await pair.begin();
        await pair.end([first]);
        await until(places, (found) => found.every((place) => place === second.grpc), PATIENCE);
        await first.start();
        const backAt = performance.now();
        await until(places, (found) => found.includes(first.grpc) && found.includes(second.grpc), PATIENCE);
        const tookMs = Math.round(performance.now() - backAt);
        await pair.visited(100);
        const after = await pair.settled();
        const shown = await pair.shown();
        tell(`${version}, spread again`, shown, after, `; agents at both nodes ${tookMs} ms after the node was back`);
        expect(shown).toMatchObject({ split: 0, unexplained: 0 });
      } finally {
        await Promise.all(more.map((app) => app.kill()));
      }
    });

    describeMore(() => cluster, start);
  });
}
