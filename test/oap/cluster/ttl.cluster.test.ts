import { endApps } from '../../support/app';
import { until } from '../../support/until';
import { startCluster, type Cluster, type Instance } from '../oap';
import { becomesKnown, PATIENCE, startTeller, statusOf } from './pair';

/** The keeper's first round is a minute after the start of its node, and takes what it takes. */
const ROUND = { timeoutMs: 100_000, everyMs: 250 };
/** Older than any lifetime; `time_bucket` is a number of year, month, day, hour and minute. */
const LONG_AGO = 202_001_010_000;

describe('two nodes of OAP 9.2.0 whose old data is deleted every minute', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ version: '9.2.0', keeperMinutes: 1 });
  });

  afterAll(async () => {
    await endApps();
    await cluster.stop();
  });

  const instances = async (): Promise<Readonly<Record<string, Instance>>> => {
    const found = await cluster.nodes[0]!.instances('orders');
    return Object.fromEntries(found.map((instance) => [instance.name, instance]));
  };

  const rows = async (): Promise<string[]> =>
    (await cluster.sql('SELECT name FROM instance_traffic')).map(([name]) => name!);

  const nodesThat = (pattern: RegExp): number => cluster.nodes.filter((node) => pattern.test(node.log())).length;

  it('have one keeper, and an instance that lives is deleted with the others and is back by its next heartbeats, whole', async () => {
    const start = (instance: string, node: number) =>
      startTeller(instance, cluster.nodes[node]!.grpc, { SW_AGENT_NAME: 'orders', SW_AGENT_INSTANCE_NAME: instance });
    const alive = start('alive', 0);
    const silent = start('silent', 1);
    for (const app of [alive, silent]) await becomesKnown(app);
    await until(rows, ({ length }) => length === 2, PATIENCE);
    await silent.kill();
    // The time of an instance is that of its first sight; a heartbeat may write the row again in between.
    const age = () => cluster.sql(`UPDATE instance_traffic SET time_bucket = ${LONG_AGO}`);
    await until(
      async () => {
        await age();
        return nodesThat(/Beginning to remove/);
      },
      (count) => count > 0,
      ROUND,
    );
    await until(rows, (names) => !names.includes('silent'), ROUND);
    const goneAt = performance.now();
    await until(() => nodesThat(/remove stage is skipped/), (count) => count === 1, ROUND); // prettier-ignore
    expect(nodesThat(/Beginning to remove/)).toBe(1);
    const isWhole = (found: Readonly<Record<string, Instance>>): boolean =>
      found['alive']?.language === 'NODEJS' && found['alive'].attributes.length > 0;
    const found = await until(instances, isWhole, PATIENCE);
    const tookMs = Math.round(performance.now() - goneAt);
    process.stdout.write(`9.2.0, an instance that lives deleted for its age: whole again ${tookMs} ms later\n`);
    expect(Object.keys(found)).toEqual(['alive']);
    expect((await statusOf(alive)).registration).toMatchObject({ phase: 'connected', epoch: 1 });
  });
});
