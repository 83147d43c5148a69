import path from 'node:path';
import { Int64Id } from '../../src/model/ids';
import { formatSw6 } from '../../src/protocol/v2/sw6/carrier';
import { REGISTER, startApp, type App } from '../support/app';
import { until } from '../support/until';
import type { ScenarioBackend, SpanRow, StartBackend } from './backend';
import { Operator } from './operator';

/** Longer than any single wait of the scenario, whose own words say more than "timed out". */
const PATIENCE_MS = 120_000;
const PATIENCE = { timeoutMs: 60_000, everyMs: 100 };

const APPS = path.join(__dirname, '..', '..', 'fixtures', 'apps');

/** Callers that have no endpoint, or none that the backend can store: what they ask for is shown all the same, in their trace and in the topology. */
export function describeCallersScenario(name: string, startBackend: StartBackend): void {
  describe(`a caller without an endpoint on ${name}`, () => {
    let backend: ScenarioBackend;
    let ledger: App;
    let clockwork: App | undefined;
    const operator = new Operator();

    async function start(service: string, script: string, ...args: string[]): Promise<App> {
      const app = startApp(path.join(APPS, script), {
        nodeFlags: ['--require', REGISTER],
        args: [...args, `--skyanchor-instance-name=${service}-1`, '--skyanchor-heartbeat-ms', '1000'],
        env: {
          SW_AGENT_NAME: service,
          SW_AGENT_COLLECTOR_BACKEND_SERVICES: backend.address,
          SW_AGENT_COMMAND_FILE: operator.commandFile,
        },
      });
      await app.port();
      await until(() => instanceOf(service), Boolean, PATIENCE);
      return app;
    }

    function instanceOf(service: string): number {
      return operator.status(`${service}-1`)?.registration.instanceId ?? 0;
    }

    const isEntry = ({ service, type }: SpanRow): boolean => service === 'ledger' && type === 'Entry';

    beforeAll(async () => {
      backend = await startBackend('forgetful');
      ledger = await start('ledger', 'ledger.js');
    }, PATIENCE_MS);

    afterAll(async () => {
      await ledger.kill();
      await clockwork?.kill();
      await backend.stop();
      operator.leave();
    });

    it(
      'as one that works outside of any request is joined with what it asks for',
      async () => {
        clockwork = await start('clockwork', 'clockwork.js', `http://127.0.0.1:${await ledger.port()}`);
        const joined = async (): Promise<SpanRow[] | undefined> => {
          const ids = await backend.traces('clockwork', String(instanceOf('clockwork')));
          const traces = await Promise.all(ids.map(async (id) => [...(await backend.trace(id))]));
          // The first call may go out before its agent knows what the backend speaks: it is in the trace, and not joined.
          return traces.find(
            (spans) => spans.some((span) => isEntry(span) && span.refs.length > 0) && spans.length === 2,
          );
        };
        const spans = (await until(joined, Boolean, PATIENCE))!;
        const exit = spans.find(({ type }) => type === 'Exit')!;
        const entry = spans.find(isEntry)!;
        expect(entry.refs).toMatchObject([{ parentSegmentId: exit.segmentId, parentSpanId: exit.spanId }]);
        const lines = await until(() => backend.topology(), ({ length }) => length > 0, PATIENCE); // prettier-ignore
        expect(lines).toEqual(['clockwork -> ledger']);
        expect((await backend.endpoints('clockwork')).map(({ name: endpoint }) => endpoint)).toEqual([]);
      },
      PATIENCE_MS,
    );

    it(
      'as one whose agent says -1 loses nothing of what it asks for',
      async () => {
        const instanceId = instanceOf('clockwork');
        const traceId = new Int64Id([BigInt(instanceId), 7n, 17_900_000_000_000_001n]);
        const sw6 = formatSw6({
          ...{ isSampled: true, traceId, parentSegmentId: traceId, parentSpanId: 3 },
          ...{ parentInstanceId: instanceId, entryInstanceId: instanceId, peer: `127.0.0.1:${await ledger.port()}` },
          ...{ entryEndpoint: undefined, parentEndpoint: undefined },
        });
        await fetch(`http://127.0.0.1:${await ledger.port()}/balance`, { headers: { sw6: sw6! } });
        const spans = await until(() => backend.trace(String(traceId)), ({ length }) => length > 0, PATIENCE); // prettier-ignore
        expect(spans).toMatchObject([
          { name: '/balance', refs: [{ parentSegmentId: String(traceId), parentSpanId: 3 }] },
        ]);
      },
      PATIENCE_MS,
    );

    it(
      'as one whose names have no room in the storage loses nothing of what it asks for, be the path as long',
      async () => {
        const instanceId = instanceOf('clockwork');
        const traceId = new Int64Id([BigInt(instanceId), 8n, 17_900_000_000_000_001n]);
        const long = `/${'long/'.repeat(80)}`;
        const sw6 = formatSw6({
          ...{ isSampled: true, traceId, parentSegmentId: traceId, parentSpanId: 3 },
          ...{ parentInstanceId: instanceId, entryInstanceId: instanceId },
          ...{ peer: long, entryEndpoint: long, parentEndpoint: long },
        });
        await fetch(`http://127.0.0.1:${await ledger.port()}${long}`, { headers: { sw6: sw6! } });
        const spans = await until(() => backend.trace(String(traceId)), ({ length }) => length > 0, PATIENCE); // prettier-ignore
        expect(spans).toMatchObject([
          { name: long.slice(0, 150), refs: [{ parentSegmentId: String(traceId), parentSpanId: 3 }] },
        ]);
      },
      PATIENCE_MS,
    );
  });
}
