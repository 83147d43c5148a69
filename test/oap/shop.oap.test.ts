import { startCollector } from '../../src/testing/index';
import { startOap, type Oap } from './oap';
import { reasonIfNoServers, runShop } from './shop';

/** Installing it takes most of it, the first time. */
const PATIENCE_MS = 400_000;

const missing = reasonIfNoServers();
if (missing !== undefined) process.stderr.write(`skipped: nothing is tested with examples/shop: ${missing}\n`);
const test = missing === undefined ? it : it.skip;

/** The edges of what `picture.js` prints, by the names of its nodes. */
function edgesIn(mermaid: string): readonly string[] {
  const names = new Map([...mermaid.matchAll(/^ {2}(n\d+)\["(.*)<br>(.*)"\]$/gm)].map(([, id, name]) => [id, name]));
  return [...mermaid.matchAll(/^ {2}(n\d+) --> (n\d+)$/gm)].map(
    ([, from, to]) => `${names.get(from)} > ${names.get(to)}`,
  );
}

const edgesOf = ({ DATABASE, CACHE, QUEUE }: Awaited<ReturnType<typeof runShop>>['addresses']): readonly string[] => [
  'User > orders',
  `${QUEUE} > mail`,
  `mail > ${CACHE}`,
  `orders > ${CACHE}`,
  `orders > ${DATABASE}`,
  `orders > ${QUEUE}`,
];

describe('the application of examples/shop', () => {
  test(
    'draws its picture of what the embedded backend has',
    async () => {
      const collector = await startCollector({ protocol: 'v3', httpPort: 0 });
      try {
        const run = await runShop({ grpc: collector.address, http: `http://${collector.httpAddress}` });
        if (run.code !== 0) throw new Error(run.output);
        expect([...edgesIn(run.stdout)].sort()).toEqual([...edgesOf(run.addresses)].sort());
      } finally {
        await collector.stop();
      }
    },
    PATIENCE_MS,
  );

  describe('with a genuine OAP 10.1.0', () => {
    let oap: Oap | undefined;

    afterAll(() => oap?.stop());

    test(
      'has its database, its cache, its queue and the consumer in the topology, each once',
      async () => {
        oap = await startOap({ version: '10.1.0' });
        const { code, output, stdout, addresses } = await runShop(oap);
        if (code !== 0) throw new Error(output);
        expect([...edgesIn(stdout)].sort()).toEqual([...edgesOf(addresses)].sort());
        const { nodes, calls } = await oap.topology();
        expect(Object.fromEntries(nodes.map(({ name, type }) => [name, type]))).toEqual({
          User: 'USER',
          orders: expect.any(String),
          mail: expect.any(String),
          [addresses.DATABASE]: 'PostgreSQL',
          [addresses.CACHE]: 'Redis',
          [addresses.QUEUE]: expect.stringMatching(/kafka/i),
        });
        expect(new Set(calls.map(({ source, target }) => `${source} ${target}`)).size).toBe(calls.length);
        const inLayer = async (layer: string): Promise<readonly string[]> => {
          const question = 'query ($l: String!) { found: listServices(layer: $l) { name } }';
          const { found } = (await oap!.query(question, { l: layer })) as { found: readonly { name: string }[] };
          return found.map(({ name }) => name);
        };
        expect({
          databases: await inLayer('VIRTUAL_DATABASE'),
          caches: await inLayer('VIRTUAL_CACHE'),
          queues: await inLayer('VIRTUAL_MQ'),
        }).toEqual({ databases: [addresses.DATABASE], caches: [addresses.CACHE], queues: [addresses.QUEUE] });
      },
      PATIENCE_MS,
    );
  });
});
