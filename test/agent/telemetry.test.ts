import { Telemetry } from '../../src/agent/telemetry';
import { Log } from '../../src/base/log';
import { ok } from '../../src/base/outcome';
import type { Options } from '../../src/api/options';
import type { Backend } from '../../src/protocol/backend';
import { resolve } from '../config/sources';
import { FakeClock } from '../support/fake-clock';

const quiet = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };

let clock: FakeClock;
let log: Log;
let telemetry: Telemetry;
/** What the backend was told, and when. */
let told: [at: number, what: string][];

const tell = (what: string) => {
  told.push([clock.elapsed(), what]);
  return Promise.resolve(ok(undefined));
};

const backend = {
  telemetry: {
    meters: { send: () => tell('meters') },
    logs: { send: (lines: readonly { text: string }[]) => tell(lines.map(({ text }) => text).join()) },
    events: { send: (events: readonly { name: string }[]) => tell(events.map(({ name }) => name).join()) },
  },
} as unknown as Backend;

function begin(options: Options = {}): void {
  // Events have a test of their own.
  clock = new FakeClock();
  told = [];
  log = new Log(clock, quiet);
  telemetry = new Telemetry({
    ownMeters: () => [],
    startedAt: 0,
    config: resolve({ options: { events: false, ...options } }),
    clock,
    log,
  });
}

afterEach(() => telemetry.stop());

describe('what a v3 backend is told beside the segments', () => {
  it('is how the process is, and what the log said, also before', async () => {
    begin();
    log.warn('before');
    await clock.advance(60_000);
    expect(told).toEqual([]);
    telemetry.connected(backend, 1);
    telemetry.connected(backend, 1);
    await clock.advance(1_000);
    log.error('after');
    await clock.advance(20_000);
    expect(told).toEqual([
      [60_000, 'before'],
      [80_000, 'meters'],
      [80_000, 'after'],
    ]);
  });

  it('is nothing while none is connected, and after the end', async () => {
    begin();
    telemetry.connected(backend, 1);
    await clock.advance(1_000);
    telemetry.disconnected();
    log.warn('meanwhile');
    await clock.advance(60_000);
    expect(told).toEqual([]);
    telemetry.connected(backend, 2);
    await clock.advance(0);
    expect(told).toEqual([[61_000, 'meanwhile']]);
    await telemetry.stop();
    log.warn('too late');
    await clock.advance(60_000);
    expect([told.length, clock.pending]).toEqual([1, 0]);
  });

  it.each([
    [{ logs: false }, ['meters']],
    [{ meters: false }, ['said']],
    [{ logs: false, meters: false }, []],
  ])('is without what is switched off: %j', async (options, expected) => {
    begin(options);
    log.warn('said');
    telemetry.connected(backend, 1);
    await clock.advance(30_000);
    expect(told.map(([, what]) => what)).toEqual(expected);
  });

  it('is not even kept where the protocol is v2 for good', () => {
    const listen = jest.spyOn(Log.prototype, 'onEntry');
    begin({ protocol: 'v2' });
    expect(listen).not.toHaveBeenCalled();
    begin();
    expect(listen).toHaveBeenCalledTimes(1);
    listen.mockRestore();
  });
});
