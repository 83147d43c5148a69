import { readFileSync } from 'node:fs';
import path from 'node:path';
import { endApps, REGISTER, startApp } from '../support/app';
import { until } from '../support/until';
import { minuteOf, type Oap, startOap } from './oap';
import { Visitors } from './visitors';

const ROOT = path.join(__dirname, '..', '..');
const TELLER = path.join(ROOT, 'fixtures', 'apps', 'teller.js');
/** What docs/meters.md has copied into the `config` folder of a server. */
const INSTALLED = path.join(ROOT, 'examples', 'oap');
const PATIENCE = { timeoutMs: 90_000, everyMs: 500 };
const ACTIVE_FILES = '-Dagent-analyzer.default.meterAnalyzerActiveFiles=skyanchor';

interface Dashboard {
  readonly id: string;
  readonly configuration: {
    readonly name: string;
    readonly children: readonly { readonly expressions: readonly string[]; readonly typesOfMQE: readonly string[] }[];
  };
}

interface Result {
  readonly type: string;
  readonly error: string | null;
  readonly results: readonly {
    readonly metric: { readonly labels: readonly { readonly key: string; readonly value: string }[] };
    readonly values: readonly { readonly value: string | null }[];
  }[];
}

const QUESTION = `query ($e: String!, $of: Entity!, $d: Duration!) {
  found: execExpression(expression: $e, entity: $of, duration: $d) {
    type error results { metric { labels { key value } } values { value } }
  }
}`;

const [dashboard] = JSON.parse(
  readFileSync(path.join(INSTALLED, 'ui-initialized-templates', 'general', 'skyanchor-instance.json'), 'utf8'),
) as [Dashboard];
const expressions = dashboard.configuration.children.flatMap((child) => child.expressions);

describe('a genuine OAP 10.1.0 with the rules and the dashboard for skyanchor', () => {
  let oap: Oap;
  let visitors: Visitors[] = [];

  beforeAll(async () => {
    oap = await startOap({ version: '10.1.0', overlay: INSTALLED, jvmFlags: [ACTIVE_FILES] });
  });

  afterEach(async () => {
    await Promise.all(visitors.map((visitor) => visitor.leave()));
    visitors = [];
    await endApps();
  });

  afterAll(() => oap.stop());

  async function ask(expression: string): Promise<Result> {
    const now = Date.now();
    const { found } = (await oap.query(QUESTION, {
      e: expression,
      of: { serviceName: 'metered', normal: true, serviceInstanceName: 'metered-1' },
      d: { start: minuteOf(now - 300_000), end: minuteOf(now + 60_000), step: 'MINUTE' },
    })) as { found: Result };
    return found;
  }

  const valuesOf = ({ results }: Result): number[] =>
    results.flatMap(({ values }) => values.filter(({ value }) => value !== null).map(({ value }) => Number(value)));

  it('has a rule for every expression of the dashboard, and the dashboard', async () => {
    const rules = readFileSync(path.join(INSTALLED, 'meter-analyzer-config', 'skyanchor.yaml'), 'utf8');
    const named = [...rules.matchAll(/^ {2}- name: (\w+)$/gm)].map(([, name]) => `meter_skyanchor_${name}`);
    expect([...expressions].sort()).toEqual([...named].sort());
    const template = 'query ($id: String!) { found: getTemplate(id: $id) { id configuration } }';
    const { found } = await until(
      async () =>
        (await oap.query(template, { id: dashboard.id })) as { found: { readonly configuration: string } | null },
      (answer) => Boolean(answer.found?.configuration),
      PATIENCE,
    );
    expect(JSON.parse(found!.configuration)).toEqual(dashboard.configuration);
  });

  it('answers every expression of the dashboard with what an agent has told', async () => {
    const app = startApp(TELLER, {
      nodeFlags: ['--require', REGISTER],
      args: ['--skyanchor-instance-name=metered-1'],
      env: {
        ...{ SW_AGENT_NAME: 'metered', SW_AGENT_COLLECTOR_BACKEND_SERVICES: oap.grpc },
        SW_AGENT_NODEJS_RUNTIME_METRICS_REPORT_PERIOD: '1000',
        // So that some are dropped.
        SW_AGENT_MAX_BUFFER_SIZE: '2',
      },
    });
    visitors = Array.from({ length: 4 }, () => new Visitors(app));
    for (const expression of expressions) {
      const result = await until(
        () => ask(expression),
        (found) => found.error !== null || valuesOf(found).length > 0,
        PATIENCE,
      );
      expect({ expression, error: result.error, type: result.type }).toEqual({
        ...{ expression, error: null, type: 'TIME_SERIES_VALUES' },
      });
    }
    for (const expression of ['segments_accepted', 'segments_sent', 'segments_dropped', 'active_handles']) {
      const values = () => ask(`meter_skyanchor_${expression}`).then(valuesOf);
      const isThere = (found: number[]) => found.some((value) => value > 0);
      expect(await until(values, isThere, PATIENCE)).toEqual(expect.arrayContaining([expect.any(Number)]));
    }
    const { results } = await ask('meter_skyanchor_segments_dropped');
    expect(results.map(({ metric }) => metric.labels)).toEqual([[{ key: 'reason', value: 'buffer-full' }]]);
  });
});
