import { AsyncLocalStorage } from 'node:async_hooks';
import { Log } from '../../src/base/log';
import { Loop, suppressTracing } from '../../src/base/loop';
import { registerApis } from '../../src/instrument/opentelemetry/api-global';
import { context, untraced } from '../../src/tracing/context';
import { FakeClock } from '../support/fake-clock';

const API = Symbol.for('opentelemetry.js.api.1');
const KEY = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** A context as that of `@opentelemetry/api` is. */
class Context {
  constructor(private readonly values: ReadonlyMap<symbol, unknown> = new Map()) {}

  getValue(key: symbol): unknown {
    return this.values.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new Context(new Map([...this.values, [key, value]]));
  }
}

const storage = new AsyncLocalStorage<Context>();
const manager = {
  active: () => storage.getStore() ?? new Context(),
  with: <T>(context: Context, fn: () => T): T => storage.run(context, fn),
};
const isSuppressed = (): boolean => manager.active().getValue(KEY) === true;
const place = globalThis as { [API]?: unknown };

afterEach(() => {
  place[API] = undefined;
});

describe('the agent beside OpenTelemetry', () => {
  it('runs each turn of a loop where nothing is to be traced, and all that comes of it', async () => {
    place[API] = { version: '1.9.1', context: manager };
    const clock = new FakeClock();
    const seen: boolean[] = [];
    const turn = async (): Promise<number> => {
      seen.push(isSuppressed());
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(isSuppressed());
      return Infinity;
    };
    const loop = new Loop({ name: 'test', clock, log: new Log(clock), turn });
    loop.wake();
    await clock.advance(1);
    await loop.stop();
    expect(seen).toEqual([true, true]);
    expect(isSuppressed()).toBe(false);
  });

  it.each<[string, unknown]>([
    ['without OpenTelemetry', undefined],
    ['with an API that has no context manager', { version: '1.9.1' }],
    [
      'with a context manager that throws',
      {
        context: {
          active: () => {
            throw new Error('broken');
          },
        },
      },
    ],
  ])('runs once %s', (_what, api) => {
    place[API] = api;
    let runs = 0;
    expect(suppressTracing(() => ++runs)).toBe(1);
  });

  it('runs its own untraced where the API is its own, and does not have the code of that loaded', () => {
    const load = jest.fn(() => ({}));
    const undo = registerApis(load, (fn) => context.run(untraced, fn));
    expect(suppressTracing(() => context.getStore())).toBe(untraced);
    expect(load).not.toHaveBeenCalled();
    undo();
  });

  it('passes on what is thrown, and does not run again', () => {
    place[API] = { context: manager };
    let runs = 0;
    const run = () => {
      runs++;
      throw new Error('of the turn');
    };
    expect(() => suppressTracing(run)).toThrow('of the turn');
    expect(runs).toBe(1);
  });
});
