import path from 'node:path';
import { REGISTER, startApp, type App } from '../support/app';
import { until } from '../support/until';
import { minuteOf, startOap, type Oap } from './oap';

const TELLER = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'teller.js');
const PATIENCE = { timeoutMs: 45_000, everyMs: 200 };
/** Longer than the backend takes, which the agent warns of. */
const SERVICE = 'service-'.repeat(10);
/** As the servers that people run are by default: logs are kept as they come. It takes them seconds more to start. */
const KEEP_LOGS = '-Dlog-analyzer.default.lalFiles=default';

interface Line {
  readonly serviceName: string;
  readonly serviceInstanceName: string;
  readonly timestamp: number;
  readonly contentType: string;
  readonly content: string;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

const QUESTION = `query ($c: LogQueryCondition) {
  found: queryLogs(condition: $c) {
    errorReason
    logs { serviceName serviceInstanceName timestamp contentType content tags { key value } }
  }
}`;

describe('a genuine OAP 10.1.0', () => {
  let oap: Oap;
  let app: App | undefined;

  beforeAll(async () => {
    oap = await startOap({ version: '10.1.0', jvmFlags: [KEEP_LOGS] });
  });

  afterEach(() => app?.kill());

  afterAll(() => oap.stop());

  async function lines(): Promise<readonly Line[]> {
    const now = Date.now();
    const { found } = (await oap.query(QUESTION, {
      c: {
        queryDuration: { start: minuteOf(now - 600_000), end: minuteOf(now + 60_000), step: 'MINUTE' },
        paging: { pageNum: 1, pageSize: 100 },
      },
    })) as { found: { errorReason: string | null; logs: readonly Line[] } };
    expect(found.errorReason).toBeNull();
    return found.logs;
  }

  it('shows what the agent warns of among the logs of its service, word for word', async () => {
    const began = Date.now();
    app = startApp(TELLER, {
      nodeFlags: ['--require', REGISTER],
      args: ['--skyanchor-instance-name=orders-1', '--skyanchor-heartbeat-ms', '200'],
      env: { SW_AGENT_NAME: SERVICE, SW_AGENT_COLLECTOR_BACKEND_SERVICES: oap.grpc },
    });
    const [line, ...others] = await until(lines, ({ length }) => length > 0, PATIENCE);
    expect(others).toEqual([]);
    expect(line).toEqual({
      serviceName: SERVICE.slice(0, 70),
      serviceInstanceName: 'orders-1',
      timestamp: expect.any(Number),
      contentType: 'TEXT',
      content: expect.stringMatching(/names over 70 characters are cut$/),
      tags: [
        { key: 'level', value: 'WARN' },
        { key: 'logger', value: 'skyanchor' },
      ],
    });
    expect(app.stderr).toContain(`skyanchor warn: ${line!.content}\n`);
    expect(line!.timestamp).toBeGreaterThanOrEqual(began);
    expect(line!.timestamp).toBeLessThanOrEqual(Date.now());
  });
});
