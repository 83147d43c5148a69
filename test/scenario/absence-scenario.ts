import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { namesOnDisk, SpoolProcess } from '../spool/spool-process';
import { assertAccounted } from '../support/accounting';
import { until } from '../support/until';
import type { ScenarioBackend, StartBackend } from './backend';

const PATIENCE_MS = 180_000;
const PATIENCE = { timeoutMs: 60_000, everyMs: 100 };
/** An hour passes within so long, by the clock of the application. */
const SQUEEZED_MS = 12_000;
const LIVES = 3;
/** What one life of the application makes, one by one in equal steps. */
const TRACES = 120;
const INSTANCE = 'orders-1';

/** A backend that is away for an hour, and an application that is restarted twice meanwhile: by a deployment, and by a kill. */
export function describeAbsenceScenario(name: string, startBackend: StartBackend): void {
  describe(`a service on ${name} that is away for an hour`, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-absence-'));
    const spool = path.join(folder, 'spool');
    let since = 0;
    const accepted = new Map<string, string>();
    let backend: ScenarioBackend;
    let process: SpoolProcess | undefined;

    beforeAll(async () => {
      backend = await startBackend('lasting');
    }, PATIENCE_MS);

    afterAll(async () => {
      await process?.kill();
      await backend.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    async function startLife(): Promise<SpoolProcess> {
      process = await SpoolProcess.start({
        instance: INSTANCE,
        backend: backend.address,
        directory: spool,
        delivery: 'at-most-once',
        preload: path.join(__dirname, 'squeezed-clock.js'),
        env: { MAX_BUFFER: '50', SQUEEZED_SINCE: String(since), SQUEEZED_MS: String(SQUEEZED_MS) },
      });
      return process;
    }

    /** Over the same part of the hour as each of the others. */
    async function make(one: SpoolProcess, life: string): Promise<void> {
      const steps = 20;
      for (let step = 0; step < steps; step++) {
        one.make(life, (step * TRACES) / steps, ((step + 1) * TRACES) / steps);
        await new Promise((resolve) => setTimeout(resolve, SQUEEZED_MS / LIVES / steps));
      }
      const ids = (await one.traceIds()).slice(-TRACES);
      expect(ids).toHaveLength(TRACES);
      ids.forEach((id, number) => accepted.set(id, `${life}-${number}`));
    }

    const counters = async (one: SpoolProcess) => {
      const { status } = (await one.ask())!;
      assertAccounted(status.segments);
      return status;
    };

    it(
      'shows everything that was accepted meanwhile, and all of it under the one instance',
      async () => {
        since = Date.now();
        const first = await startLife();
        first.make('before', 0, 1);
        await until(
          () => counters(first),
          ({ segments }) => segments.sent === 1,
          PATIENCE,
        );
        await backend.restart(async () => {
          await make(first, 'first');
          await first.kill('SIGTERM');
          expect(await namesOnDisk(spool)).toHaveLength(TRACES);

          const second = await startLife();
          await make(second, 'second');
          await until(
            () => counters(second),
            ({ spool: disk }) => disk?.segments === TRACES,
            PATIENCE,
          );
          await second.kill('SIGKILL');
          expect(await namesOnDisk(spool)).toHaveLength(2 * TRACES);

          await make(await startLife(), 'third');
        });
        const last = process!;
        const { segments, spool: disk } = await until(
          () => counters(last),
          (status) => status.segments.sent === TRACES && status.spool?.adopted === 2 * TRACES,
          PATIENCE,
        );
        expect([segments.dropped, segments.spooled, disk?.droppedBecause]).toEqual([0, 0, {}]);
        // What is delivered is counted first, and then removed.
        await until(
          () => namesOnDisk(spool),
          ({ length }) => length === 0,
          PATIENCE,
        );

        expect(accepted.size).toBe(LIVES * TRACES);
        for (const [traceId, expected] of accepted) {
          const spans = await until(
            () => backend.trace(traceId),
            ({ length }) => length > 0,
            PATIENCE,
          );
          expect(spans.map(({ service, name: shown }) => [service, shown])).toEqual([['orders', expected]]);
        }
        expect((await backend.instances('orders')).map(({ uuid }) => uuid)).toEqual([INSTANCE]);
      },
      PATIENCE_MS,
    );
  });
}
