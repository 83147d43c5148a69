import { until } from '../support/until';
import type { StartBackend } from './backend';
import { expectHealed, expectKnown, expectTraced } from './expectations';
import type { Stamp } from './operator';
import type { Identity, Manner } from './protocol-expectations';
import { registerStranger } from './register-other-service';
import { INSTANCE, SERVICE, Stage } from './scenario-fixture';

/** Longer than any single wait of the scenario, whose own words say more than "timed out". */
const PATIENCE_MS = 120_000;

function expectStamp(stamp: Stamp, from: Identity, to: Identity): void {
  expect(stamp.instance).toBe(INSTANCE);
  expect(stamp.detail).toMatch(
    new RegExp(`^service=${from.service}->${to.service} instance=${from.instance}->${to.instance} took=\\d+ms$`),
  );
}

const ended = (stamps: readonly Stamp[]): Stamp | undefined => stamps.find(({ state }) => state === 'done');

async function resetByFile(stage: Stage, from: Identity): Promise<Stamp> {
  await stage.operator.echo('reset');
  const stamps = await until(() => stage.operator.stamps(), ended, { timeoutMs: 60_000 });
  expect(stamps.map(({ state }) => state)).toEqual(['running', 'done']);
  expect(stamps[0]!.detail).toMatch(new RegExp(` service=${from.service} instance=${from.instance}$`));
  expect(stage.operator.commands()).toMatch(/^reset\n/);
  return ended(stamps)!;
}

/**
 * The main job, told on any backend: an unchanged service is known and traced, its backend loses its storage, an
 * operator says `reset` in a file, and its traces go on, on v2 under new ids.
 */
export function describeScenario(name: string, manner: Manner, startBackend: StartBackend): void {
  describe(`a service on ${name} that forgets`, () => {
    let stage: Stage;

    beforeAll(async () => {
      const backend = await startBackend('forgetful');
      if (manner.hasIds) {
        // The ids of the service's first life are not those that an empty backend gives out first, so that after a
        // wipe the fresh ones differ.
        await registerStranger(backend, 'stranger');
        await registerStranger(backend, 'other-stranger');
      }
      stage = await Stage.open(backend, manner);
    }, PATIENCE_MS);

    afterAll(() => stage.close());

    it(
      'is found under its service and the name its operator gave it',
      async () => {
        const status = await stage.registered();
        expect(status.registration.reason).toBe('start');
        expect(status).toMatchObject({
          service: SERVICE,
          instance: INSTANCE,
          instanceNameFrom: 'flag',
          protocol: manner.protocol,
        });
        await expectKnown(stage, status);
      },
      PATIENCE_MS,
    );

    it('keeps a heartbeat that the backend answers', async () => {
      const { heartbeat } = await stage.status((status) => status.heartbeat.lastOkAt);
      expect(heartbeat).toMatchObject({ failures: 0, lastError: null });
    });

    it(
      'is traced, request by request, with its calls to others',
      async () => {
        await expectTraced(stage, await stage.registered());
      },
      PATIENCE_MS,
    );

    it(
      'tells, when asked for a report, that whatever it traced was sent',
      async () => {
        const { segments } = await stage.counted((status) => status.segments.sent === status.segments.accepted);
        expect(segments).toMatchObject({ dropped: 0, droppedBecause: {}, inFlight: 0, buffered: 0 });
        expect(segments.accepted).toBeGreaterThan(0);
      },
      PATIENCE_MS,
    );

    it(
      'is known afresh when an operator says reset in the file while the storage is being cleared',
      async () => {
        const before = await stage.registered();
        let running: readonly Stamp[] = [];
        await stage.backend.wipe(async () => {
          await stage.operator.echo('reset');
          running = await until(
            () => stage.operator.stamps(),
            ({ length }) => length > 0,
          );
        });
        expect(running).toMatchObject([{ state: 'running', instance: INSTANCE }]);

        const stamp = ended(await until(() => stage.operator.stamps(), ended, { timeoutMs: 60_000 }))!;
        const after = await stage.registered(({ registration }) => registration.reason.startsWith('command'));
        const [from, to] = [stage.identity(before), stage.identity(after)];
        expectStamp(stamp, from, to);
        expect(after.registration.reason).toBe(`command ${stamp.id}`);
        expect([from.service !== to.service, from.instance !== to.instance]).toEqual([manner.hasIds, manner.hasIds]);
        await expectKnown(stage, after);
      },
      PATIENCE_MS,
    );

    it(
      'is traced on',
      async () => {
        await expectTraced(stage, await stage.registered());
      },
      PATIENCE_MS,
    );

    it(
      'takes the same words a second time, and is who it was where nothing was lost',
      async () => {
        const before = await stage.registered();
        const from = stage.identity(before);
        const stamp = await resetByFile(stage, from);
        const after = await stage.registered(({ registration }) => registration.reason === `command ${stamp.id}`);
        expectStamp(stamp, from, stage.identity(after));
        expect(stage.identity(after)).toEqual(from);
        expect(after.registration.epoch).toBeGreaterThan(before.registration.epoch);
        await expectKnown(stage, after);
      },
      PATIENCE_MS,
    );

    it(
      'heals by itself when the storage is lost and no command is given, even where the same ids come back',
      async () => {
        const before = await stage.registered();
        await stage.backend.wipe();
        await expectHealed(stage, before);
      },
      PATIENCE_MS,
    );

    if (manner.hasIds) {
      it(
        'heals by itself when its ids have gone to another service, whose heartbeats they would be',
        async () => {
          const before = await stage.registered();
          await stage.backend.wipe();
          await registerStranger(stage.backend, 'newcomer');
          await expectHealed(stage, before);
        },
        PATIENCE_MS,
      );
    }

    it('has never written to its own output, and ends by the very signal it is sent', async () => {
      const { app } = stage;
      expect(await app.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
      expect(app.stdout).toBe(`listening ${await app.port()}\n`);
    });
  });

  if (manner.hasIds) describeRemembering(name, manner, startBackend);
}

/** Where there are ids, a backend that comes back with its own must not be asked for others. */
function describeRemembering(name: string, manner: Manner, startBackend: StartBackend): void {
  describe(`a service on ${name} that remembers`, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await Stage.open(await startBackend('lasting'), manner);
    }, PATIENCE_MS);

    afterAll(() => stage.close());

    it(
      'registers nothing anew when the backend is restarted with its storage',
      async () => {
        const before = await stage.registered();
        await expectTraced(stage, before);
        const ledger = await stage.ledger();
        const [serviceId, instanceId] = await registerStranger(stage.backend, 'stranger');

        await stage.backend.restart();
        await expectTraced(stage, before);
        const after = await stage.registered();
        expect(after.registration).toEqual(before.registration);
        expect(await stage.ledger()).toMatchObject({ instances: ledger.instances, endpoints: ledger.endpoints });
        // An id, once given, is gone: had anything been registered meanwhile, these would be higher.
        expect(await registerStranger(stage.backend, 'newcomer')).toEqual([serviceId + 1, instanceId + 1]);
      },
      PATIENCE_MS,
    );
  });
}
