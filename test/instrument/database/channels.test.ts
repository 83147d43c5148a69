import { channel, tracingChannel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { LoadError } from '../../../src/base/lazy';
import { Log } from '../../../src/base/log';
import { systemClock } from '../../../src/base/clock';
import { drivers } from '../../../src/instrument/database/lazy';
import { ioredis, mongoose, mysql2, redis } from '../../../src/instrument/database/libraries';
import { treatmentOf } from '../../../src/instrument/opentelemetry/span-source';
import { SpanType } from '../../../src/model/components';
import { context, untraced } from '../../../src/tracing/context';
import { logsOf, tagsOf, tracing } from '../../support/tracing';
import type { InstrumentOptions } from '../../../src/instrument/options';
import type { Span } from '../../../src/model/segment';

const said: string[] = [];
const say = (message: string): unknown => said.push(message);
const log = new Log(systemClock, { error: say, warn: say, info: say, debug: say });
const OPTIONS: InstrumentOptions = { ignoreSuffix: [], ignorePath: [], collectQuery: false, log };
const SHOWN = { depth: 6, maxArrayLength: 20, breakLength: Infinity, compact: true } as const;
const SERVER = { serverAddress: '127.0.0.1', serverPort: 3306 };

let disable: () => void = () => undefined;
let spans: () => Span[];
let trace: <T>(name: string, work: () => T) => T;

function enable(instrumentation: typeof mysql2, options: Partial<InstrumentOptions> = {}): void {
  const made = tracing();
  spans = made.spans;
  trace = made.tracer.trace.bind(made.tracer);
  disable = instrumentation(made.tracer, { ...OPTIONS, ...options });
}

afterEach(() => {
  disable();
  expect(said.splice(0)).toEqual([]);
});

/** A call as libraries publish one: a promise that settles. @param error absent: it is fulfilled */
function publish(name: string, message: object, error?: Error): Promise<unknown> {
  const settle = async (): Promise<void> => {
    if (error) throw error;
  };
  return trace('work', () => tracingChannel(name).tracePromise(settle, message) as Promise<unknown>);
}

const here = (): string => {
  const scope = context.getStore();
  return typeof scope === 'object' ? scope.operationName : String(scope);
};

it('a driver that was not loaded for want of a descriptor is loaded for a later call', async () => {
  const shortage = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  const load = jest.spyOn(drivers, 'mysql2').mockImplementationOnce(() => {
    throw new LoadError(shortage.message, { cause: shortage });
  });
  enable(mysql2);
  await publish('mysql2:query', { query: 'select 1', ...SERVER });
  expect(spans().filter(({ peer }) => peer)).toEqual([]);
  expect(said.splice(0)).toEqual(['calls of mysql2 are not traced: EMFILE: too many open files']);
  await publish('mysql2:query', { query: 'select 1', ...SERVER });
  expect(spans().filter(({ peer }) => peer)).toHaveLength(1);
  load.mockRestore();
});

it('a driver that cannot be loaded is not tried again at each call', async () => {
  const load = jest.spyOn(drivers, 'mysql2').mockImplementation(() => {
    throw new LoadError("Cannot find module './mysql2'");
  });
  enable(mysql2);
  await publish('mysql2:query', { query: 'select 1', ...SERVER });
  await publish('mysql2:query', { query: 'select 1', ...SERVER });
  expect(load).toHaveBeenCalledTimes(1);
  expect(said.splice(0)).toEqual([expect.stringContaining('calls of mysql2 are not traced')]);
  load.mockRestore();
});

describe('mysql2', () => {
  const statement = { query: "select 'secret' from orders", values: ['secret'], database: 'shop', ...SERVER };

  it('has an exit span for a statement, whose literals are masked where the library put them in', async () => {
    enable(mysql2);
    await publish('mysql2:query', { ...statement });
    await publish('mysql2:execute', { ...statement, query: 'select ? from orders' });
    const [query, , execute] = spans();
    const place = { peer: '127.0.0.1:3306', layer: 1, componentId: 5, operationName: 'Mysql/SELECT', parentSpanId: 0 };
    const tags = { 'db.type': 'Mysql', 'db.instance': 'shop', 'db.statement': 'select ? from orders' };
    for (const span of [query, execute]) {
      expect(span).toMatchObject(place);
      expect(tagsOf(span)).toEqual(tags);
    }
  });

  it('has its values in a tag of their own where they are asked for', async () => {
    enable(mysql2, { sqlParameters: true });
    await publish('mysql2:query', { ...statement });
    expect(tagsOf(spans()[0])['db.sql.parameters']).toBe("['secret']");
  });

  it('that fails is an error, with what it was rejected with', async () => {
    enable(mysql2);
    await expect(publish('mysql2:query', { ...statement }, new Error('no orders'))).rejects.toThrow('no orders');
    expect(spans()[0]).toMatchObject({ isError: true });
    expect(logsOf(spans()[0])).toMatchObject([{ event: 'error', message: 'no orders' }]);
  });

  it.each(['mysql2:query', 'mysql2:pool:connect'])('calls back in the scope that it was called in: %s', (name) => {
    enable(mysql2);
    const answers: (() => void)[] = [];
    const seen: string[] = [];
    const call = (callback: () => void): unknown => answers.push(callback);
    const callback = (): unknown => seen.push(here());
    trace('a', () => tracingChannel(name).traceCallback(call, 0, { ...statement }, undefined, callback));
    trace('b', () => tracingChannel(name).traceCallback(call, 0, { ...statement }, undefined, callback));
    tracingChannel(name).traceCallback(call, 0, { ...statement }, undefined, callback);
    context.run(untraced, () => tracingChannel(name).traceCallback(call, 0, { ...statement }, undefined, callback));
    trace('c', () => answers.forEach((answer) => answer()));
    expect(seen).toEqual(['a', 'b', 'undefined', 'Symbol(untraced)']);
  });

  it('has no span in work that is not traced', async () => {
    enable(mysql2);
    await context.run(untraced, () => tracingChannel('mysql2:query').tracePromise(async () => 1, { ...statement }));
    expect(spans()).toEqual([]);
  });
});

describe.each([
  [
    'node-redis',
    redis,
    'node-redis:command',
    (command: string, args: unknown[]) => ({ command, args: [command, ...args] }),
  ],
] as const)('%s', (_name, instrumentation, name, messageOf) => {
  const send = async (command: string, ...args: unknown[]): Promise<Span | undefined> => {
    const before = spans().length;
    await publish(name, { ...messageOf(command, args), ...SERVER });
    return spans()
      .slice(before)
      .find(({ parentSpanId }) => parentSpanId === 0);
  };

  it.each([
    ['GET', ['key'], 'Redis/get', { 'cache.op': 'read', 'cache.key': 'key' }],
    ['set', [Buffer.from('key'), '?'], 'Redis/set', { 'cache.op': 'write', 'cache.key': 'key' }],
    ['get', ['k'.repeat(200)], 'Redis/get', { 'cache.op': 'read', 'cache.key': 'k'.repeat(128) }],
    ['getset', ['?'], 'Redis/getset', { 'cache.op': 'write' }],
    ['ping', [], 'Redis/ping', {}],
    ['eval', ['return 1'], 'Redis/eval', {}],
    ['json.get', ['key'], 'Redis/json.get', {}],
    ['Not A Command', [], 'Redis/other', {}],
  ])('has an exit span for %s %j', async (command, args, operationName, tags) => {
    enable(instrumentation);
    const span = await send(command, ...args);
    expect(span).toMatchObject({ peer: '127.0.0.1:3306', layer: 5, componentId: 7, operationName });
    expect(tagsOf(span)).toEqual({ 'cache.type': 'Redis', 'cache.cmd': operationName.slice(6), ...tags });
  });

  it.each(['HELLO', 'auth', 'client', 'select', 'info'])(
    'has no span for %s, which clients send by themselves',
    async (command) => {
      enable(instrumentation);
      expect(await send(command, 'secret')).toBeUndefined();
    },
  );

  it('names at most 256 commands that are not known', async () => {
    enable(instrumentation);
    const names = new Set<string | undefined>();
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    for (const one of letters) for (const other of letters) names.add((await send(`x.${one}${other}`))?.operationName);
    expect(names.size).toBe(257);
    expect(names).toContain('Redis/other');
  });
});

it('ioredis is not asked to publish: it would report no rejection that the application does not handle', () => {
  enable(ioredis);
  expect(tracingChannel('ioredis:command').hasSubscribers).toBe(false);
});

it('node-redis has one exit span for a transaction, and none for a pipeline as a whole', async () => {
  enable(redis);
  await publish('node-redis:batch', { batchMode: 'MULTI', batchSize: 2, ...SERVER });
  await publish('node-redis:batch', { batchMode: 'PIPELINE', batchSize: 2, ...SERVER });
  expect(spans().map(({ operationName }) => operationName)).toEqual(['Redis/multi', 'work', 'work']);
});

describe('mongoose', () => {
  const args = { filter: { id: 7, name: 'secret' } };
  const operation = { operation: 'findOne', collection: 'orders', database: 'shop', ...SERVER, args };

  it('has an exit span for an operation, without its filter', async () => {
    enable(mongoose);
    await publish('mongoose:query', { ...operation });
    const [span] = spans();
    expect(span).toMatchObject({
      peer: '127.0.0.1:3306',
      layer: 1,
      componentId: 4006,
      operationName: 'Mongoose/findOne',
    });
    expect(tagsOf(span)).toEqual({ 'db.type': 'MongoDB', 'db.instance': 'shop', 'db.statement': 'findOne orders' });
  });

  it('has its filter where it is asked for, as long as it may be', async () => {
    enable(mongoose, { mongoParameters: true, mongoParametersMaxLength: 12 });
    await publish('mongoose:query', { ...operation });
    expect(tagsOf(spans()[0])['db.sql.parameters']).toBe('{ id: 7, nam');
  });

  it('has its filter as `inspect` shows it, whatever is in it', async () => {
    enable(mongoose, { mongoParameters: true });
    const deep = { a: { b: { c: { d: { e: { f: { g: { h: 1 } } } } } } } };
    const list = Array.from({ length: 30 }, (_, n) => n);
    const bare = Object.assign(Object.create(null), { a: [] });
    const asked = {
      get x() {
        return 1;
      },
    };
    class Id {
      value = 7;
    }
    const filter = {
      deep,
      list,
      bare,
      asked,
      at: new Date(0),
      id: new Id(),
      like: /a/i,
      text: 'x',
      n: null,
    };
    await publish('mongoose:query', { ...operation, args: { filter } });
    expect(tagsOf(spans()[0])['db.sql.parameters']).toBe(inspect(filter, SHOWN));
  });

  it('has the beginning of its filter, and costs no more, where the caller has made that of very many values', async () => {
    enable(mongoose, { mongoParameters: true, mongoParametersMaxLength: 512 });
    let shown = 0;
    class Value {
      [inspect.custom](): string {
        shown++;
        return '1';
      }
    }
    const nested = (depth: number): unknown =>
      Array.from({ length: 20 }, () => (depth === 0 ? new Value() : nested(depth - 1)));
    const filter = { a: nested(2) };
    await publish('mongoose:query', { ...operation, args: { filter } });
    expect(shown).toBeLessThan(512);
    expect(tagsOf(spans()[0])['db.sql.parameters']).toBe(inspect(filter, SHOWN).slice(0, 512));
  });

  it('has a span also where its filter fails to show itself', async () => {
    enable(mongoose, { mongoParameters: true });
    const fail = (): never => {
      throw new Error('shown');
    };
    const filter = { [Symbol.for('nodejs.util.inspect.custom')]: fail };
    await publish('mongoose:query', { ...operation, args: { filter } });
    expect(tagsOf(spans()[0])['db.sql.parameters']).toBe('[unprintable]');
  });
});

describe("a span of OpenTelemetry's package for the same library", () => {
  it.each([
    ['mysql2', mysql2, 'mysql2:query'],
    ['redis', redis, 'node-redis:command'],
    ['mongoose', mongoose, 'mongoose:query'],
  ] as const)(
    'is seen through from the first call that is published, until %s is disabled',
    async (name, of, channelName) => {
      const treatment = (): unknown =>
        treatmentOf({ name: `@opentelemetry/instrumentation-${name}` }, 'call', {}, false, new Set());
      enable(of);
      expect(treatment()).toBe(SpanType.local);
      await publish(channelName, { ...SERVER });
      expect(treatment()).toBe('transparent');
      disable();
      expect(treatment()).toBe(SpanType.local);
    },
  );
});

describe('what is no call of the library, published under its name', () => {
  it.each([
    ['mysql2:query', mysql2],
    ['mysql2:pool:connect', mysql2],
    ['node-redis:command', redis],
    ['mongoose:query', mongoose],
  ] as const)('throws nothing on %s', (name, instrumentation) => {
    enable(instrumentation);
    for (const event of ['start', 'error', 'asyncStart', 'asyncEnd'])
      for (const message of [undefined, null, 7, 'text', {}, Object.freeze({})])
        channel(`tracing:${name}:${event}`).publish(message);
    const hidden = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hidden');
        },
      },
    );
    channel(`tracing:${name}:start`).publish(hidden);
    said.length = 0;
  });
});
