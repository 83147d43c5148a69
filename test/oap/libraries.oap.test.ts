import path from 'node:path';
import { endApps, startApp } from '../support/app';
import { until } from '../support/until';
import { minuteOf, startOap, type Oap, type OapVersion } from './oap';

const CALLS = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'data-calls.js');
const PATIENCE = { timeoutMs: 90_000, everyMs: 500 };
const SERVICE = 'shop';
const SEGMENTS = 5;

afterEach(endApps);

async function makeCalls(oap: Oap): Promise<void> {
  const app = startApp(CALLS, {
    args: ['--skyanchor-instance-name=shop-1', '--skyanchor-heartbeat-ms', '200'],
    env: { SW_AGENT_NAME: SERVICE, SW_AGENT_COLLECTOR_BACKEND_SERVICES: oap.grpc },
  });
  expect(await app.ended).toMatchObject({ code: 0 });
  expect(app.stdout).toContain(`made ${SEGMENTS}`);
}

/** Every segment is shown, whatever tags were set in it. */
async function segmentsAreShown(oap: Oap): Promise<void> {
  const shown = await until(
    () => oap.traces(),
    (traces) => traces.length >= SEGMENTS,
    PATIENCE,
  );
  const spans = await oap.trace(shown[0]!.traceIds[0]!);
  expect(spans.map(({ endpointName, peer, layer }) => [endpointName, peer, layer]).sort()).toEqual([
    ['/orders', '', expect.any(String)],
    ['Kafka/orders/Producer', 'queue:9092', 'MQ'],
    ['PostgreSQL/SELECT', 'database:5432', 'Database'],
    ['Redis/get', 'cache:6379', 'Cache'],
  ]);
}

function describeOap(version: OapVersion, tests: (oap: () => Oap) => void): void {
  describe(`a genuine OAP ${version}`, () => {
    let oap: Oap;

    beforeAll(async () => {
      oap = await startOap({ version });
      await makeCalls(oap);
    });

    afterAll(() => oap.stop());

    it('shows every segment, whatever the tags in it', () => segmentsAreShown(oap));
    tests(() => oap);
  });
}

describeOap('10.1.0', (oap) => {
  const namesIn = async (layer: string): Promise<readonly string[]> => {
    const question = 'query ($l: String!) { found: listServices(layer: $l) { name } }';
    const { found } = (await oap().query(question, { l: layer })) as { found: readonly { name: string }[] };
    return found.map(({ name }) => name);
  };

  it.each([
    ['VIRTUAL_DATABASE', 'database:5432'],
    ['VIRTUAL_CACHE', 'cache:6379'],
    ['VIRTUAL_MQ', 'queue:9092'],
  ])('has each server in the layer %s under its address, and nothing else', async (layer, name) => {
    const names = await until(
      () => namesIn(layer),
      (found) => found.length > 0,
      PATIENCE,
    );
    expect(names).toEqual([name]);
  });

  const lately = (): Readonly<Record<string, string>> => ({
    start: minuteOf(Date.now() - 300_000),
    end: minuteOf(Date.now() + 60_000),
    step: 'MINUTE',
  });

  const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const mostOf = (values: readonly number[]): number => Math.max(...values);

  // Each call is counted once, over all minutes.
  it.each([
    ['database_access_cpm', 'database:5432', sumOf, SEGMENTS, SEGMENTS],
    ['database_access_resp_time', 'database:5432', mostOf, 300, 60_000],
    ['cache_access_cpm', 'cache:6379', sumOf, SEGMENTS, SEGMENTS],
  ])('has the metric %s of %s', async (expression, serviceName, read, least, most) => {
    const question = `query ($e: String!, $of: Entity!, $d: Duration!) {
      found: execExpression(expression: $e, entity: $of, duration: $d) { error results { values { value } } }
    }`;
    const ask = async (): Promise<readonly number[]> => {
      const of = { serviceName, normal: false };
      const { found } = (await oap().query(question, { e: expression, of, d: lately() })) as {
        found: {
          readonly error: string | null;
          readonly results: readonly { values: readonly { value: string | null }[] }[];
        };
      };
      expect(found.error).toBeNull();
      return found.results.flatMap(({ values }) => values.map(({ value }) => Number(value)));
    };
    const values = await until(ask, (found) => read(found) >= least, PATIENCE);
    expect(read(values)).toBeLessThanOrEqual(most);
  });

  it.each([
    ['top_n_database_statement', 'database:5432', 'select pg_sleep(0.3)'],
    ['top_n_cache_read_command', 'cache:6379', 'get order'],
  ])(
    'has what was slow in %s of %s',
    async (name, serviceName, statement) => {
      const question = `query ($c: RecordCondition!, $d: Duration!) {
      found: readRecords(condition: $c, duration: $d) { name value refId }
    }`;
      const ask = async (): Promise<readonly { readonly name: string; readonly value: string }[]> => {
        const c = { name, parentEntity: { serviceName, normal: false }, topN: 10, order: 'DES' };
        return (
          (await oap().query(question, { c, d: lately() })) as { found: readonly { name: string; value: string }[] }
        ).found;
      };
      // The server writes them down once a minute.
      const records = await until(ask, (found) => found.length > 0, { ...PATIENCE, timeoutMs: 180_000 });
      expect(new Set(records.map((record) => record.name))).toEqual(new Set([statement]));
      expect(Math.min(...records.map(({ value }) => Number(value)))).toBeGreaterThanOrEqual(300);
    },
    200_000,
  );
});

describeOap('6.5.0', (oap) => {
  it('has each server in the topology, called by the service', async () => {
    const { nodes, calls } = await until(
      () => oap().topology(),
      ({ nodes }) => nodes.filter(({ isReal }) => !isReal).length >= 3,
      PATIENCE,
    );
    const nameOf = new Map(nodes.map(({ id, name }) => [id, name]));
    const called = calls.filter(({ source }) => nameOf.get(source) === SERVICE).map(({ target }) => nameOf.get(target));
    expect(called.sort()).toEqual(['cache:6379', 'database:5432', 'queue:9092']);
  });
});
