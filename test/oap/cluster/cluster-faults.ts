import { until } from '../../support/until';
import { endApps, type App } from '../../support/app';
import { startCluster, type Cluster, type ClusterNode, type ClusterOptions } from '../oap';
import { becomesKnown, isKnown, Pair, PATIENCE, printFigures, startTeller, statusOf, type PairOptions } from './pair';

/** How long no node is there. */
const OUTAGE_MS = 12_000;
const TRACES = 875;
const AGENTS = 4;
const MAX_CONNECTION_AGE_MS = 2_000;

/** The two services at a node each, so that no trace is seen by one node alone. */
const apart = ({ nodes }: Cluster): PairOptions => ({
  backends: { front: nodes[1]!.grpc, orders: nodes[0]!.grpc },
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface ClusterFaults {
  readonly version: ClusterOptions['version'];
  /** Sends a new segment to both nodes. */
  readonly sendTwice: (nodes: readonly ClusterNode[]) => Promise<void>;
  readonly more?: (cluster: () => Cluster, start: (options?: PairOptions) => Promise<Pair>) => void;
}

/** What two services live through at the nodes of a cluster, whatever protocol those speak. */
export function describeClusterFaults({ version, sendTwice, more }: ClusterFaults): void {
  describe(`two services at a cluster of two nodes of OAP ${version}`, () => {
    let cluster: Cluster;

    beforeAll(async () => {
      cluster = await startCluster({ version });
    });

    let pair: Pair | undefined;

    afterEach(async () => {
      await pair?.stop();
      pair = undefined;
      await endApps();
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
      const endedAt = performance.now();
      await pair.end(cluster.nodes);
      await pause(OUTAGE_MS - (performance.now() - endedAt));
      await cluster.start();
      const backAt = performance.now();
      const known = await pair.known();
      const tookMs = Math.round(performance.now() - backAt);
      await pair.visitedInAll(TRACES);
      const after = await pair.settled();
      const stored = await pair.stored();
      printFigures(`${version}, no node for 12 s`, stored, after, `; known ${tookMs} ms after the last node was ready`);
      pair.expectKept(stored, after);
      for (const role of ['front', 'orders'] as const) {
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
      const stored = await pair.stored();
      printFigures(`${version}, three nodes restarted in turn`, stored, after);
      pair.expectKept(stored, after);
      for (const { registration } of Object.values(after)) expect(registration.epoch).toBe(1);
    });

    it('keep their ids, and are at the other node, when one is killed', async () => {
      const pair = await start();
      const before = await pair.statuses();
      await pair.begin();
      const victim = cluster.nodes.find(({ grpc }) => grpc === before.orders.backend)!;
      const killedAt = performance.now();
      await pair.end([victim], 'kill');
      const isElsewhere = (status: typeof before.orders): boolean =>
        status.backend !== null && status.backend !== victim.grpc;
      const moved = await until(() => statusOf(pair.orders), isElsewhere, { ...PATIENCE, everyMs: 10 });
      const tookMs = Math.round(performance.now() - killedAt);
      await pair.visited(100);
      const { epoch, serviceId, instanceId } = before.orders.registration;
      expect(moved.registration).toMatchObject({ epoch, serviceId, instanceId });
      await victim.start();
      const after = await pair.settled();
      const stored = await pair.stored();
      printFigures(`${version}, a node killed`, stored, after, `; at the other node ${tookMs} ms later`);
      pair.expectKept(stored, after);
    });

    /** On v2 it has other ids. On v3 it goes by its names as before, and the storage shows all that it is told. */
    async function isRegisteredAgain(app: App): Promise<boolean> {
      const status = await statusOf(app);
      if (cluster.protocol === 'v2') return status.registration.epoch === 2 && isKnown(status);
      // A node that has not started yet answers nothing.
      const found = await cluster.nodes[0]!.instances(status.service).catch(() => []);
      return found.some(({ language, attributes }) => language === 'NODEJS' && attributes.length > 0);
    }

    it('register again when the storage is emptied and every node killed under load, and lose nothing that is asked for after that', async () => {
      const pair = await start();
      await pair.begin();
      await pair.visited(100);
      await pair.wipe();
      const registeredAgain = async (): Promise<[number, number]> => {
        const areAgain = (): Promise<boolean[]> => Promise.all(pair.apps.map(isRegisteredAgain));
        await until(areAgain, (answers) => answers.includes(true), PATIENCE);
        const firstAt = performance.now();
        await until(areAgain, (answers) => !answers.includes(false), PATIENCE);
        return [firstAt, performance.now()];
      };
      const [[firstAt, secondAt]] = await Promise.all([registeredAgain(), cluster.start()]);
      await pair.visited(100);
      const after = await pair.settled();
      const stored = await pair.stored();
      const apartMs = Math.round(secondAt - firstAt);
      printFigures(
        `${version}, storage emptied`,
        stored,
        after,
        `; the second registered ${apartMs} ms after the first`,
      );
      pair.expectKept(stored, after, { mayGiveUp: true });
      expect(stored.lostAt.filter((at) => at > secondAt)).toEqual([]);
      const registration = cluster.protocol === 'v2' ? { epoch: 2, reason: 'verification' } : { epoch: 1 };
      for (const status of Object.values(after)) expect(status.registration).toMatchObject(registration);
    });

    it('spread over the nodes again after a rolling restart, with maxConnectionAgeMs', async () => {
      const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
      const env = { SW_AGENT_MAX_CONNECTION_AGE_MS: String(MAX_CONNECTION_AGE_MS) };
      const pair = await start({ env });
      const others: App[] = [];
      for (let n = 2; n < AGENTS; n++) others.push(startTeller(`other-${n}`, cluster.addresses.join(','), env));
      for (const app of others) await becomesKnown(app);
      const places = async (): Promise<(string | null)[]> => {
        const found = [pair.front, pair.orders, ...others].map(async (app) => (await statusOf(app)).backend);
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
      const stored = await pair.stored();
      printFigures(`${version}, spread again`, stored, after, `; agents at both nodes ${tookMs} ms after it was back`);
      pair.expectKept(stored, after);
    });

    it('would be seen to send a segment twice', async () => {
      const before = cluster.doubles();
      await sendTwice(cluster.nodes);
      await until(() => cluster.doubles(), (doubles) => doubles > before, PATIENCE); // prettier-ignore
    });

    more?.(() => cluster, start);
  });
}
