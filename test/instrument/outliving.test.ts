import { AsyncLocalStorage } from 'node:async_hooks';
import net, { type Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import tls from 'node:tls';
import timers from 'node:timers';
import { CERTIFICATE, KEY } from '../config/certificates';
import { anyLongHeader } from '../../src/model/known-header';
import { context } from '../../src/tracing/context';
import { until } from '../support/until';
import { ask, Stage } from './http-fixture';

type Callback = (answer: string) => void;

/** As drivers of databases are made: one connection, opened by the first call, and a queue of callbacks. */
class Driver {
  private readonly queue: Callback[] = [];
  private socket: Socket | undefined;

  constructor(private readonly connect: () => Socket) {}

  query(question: string, callback: Callback): void {
    this.socket ??= this.connect()
      .setEncoding('utf8')
      .on('data', (text) => this.answered(String(text)));
    this.queue.push(callback);
    this.socket.write(`${question}\n`);
  }

  close(): void {
    this.socket?.destroy();
  }

  private answered(text: string): void {
    for (const answer of text.split('\n').filter(Boolean)) this.queue.shift()!(answer);
  }
}

function echo(socket: Socket): void {
  socket.on('error', () => undefined).on('data', (data) => socket.write(data));
}

let stage: Stage;
const undone: (() => void)[] = [];

beforeEach(() => {
  stage = new Stage();
});

afterEach(async () => {
  for (const undo of undone.splice(0)) undo();
  await stage.close();
  expect(stage.said).toEqual([]);
});

/** The name of the work that runs now. */
function here(): string {
  const scope = context.getStore();
  return typeof scope === 'object' ? scope.operationName : 'none';
}

const OPENERS: Record<string, () => Promise<() => Socket>> = {
  'a socket that is made and then connected': async () => {
    const port = await stage.listen(net.createServer(echo));
    return () => new net.Socket().connect(port, '127.0.0.1');
  },
  'net.connect to a host of two addresses, of which the first refuses': async () => {
    const port = await stage.listen(net.createServer(echo));
    const addresses = [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const lookup = (_host: string, _options: object, found: (error: null, all: unknown) => void) =>
      found(null, addresses);
    return () => net.connect({ port, host: 'db.test', lookup: lookup as never });
  },
  'tls.connect': async () => {
    const port = await stage.listen(tls.createServer({ cert: CERTIFICATE, key: KEY }, echo));
    return () => tls.connect({ port, host: '127.0.0.1', ca: CERTIFICATE, checkServerIdentity: () => undefined });
  },
};

describe.each(Object.keys(OPENERS))('a connection opened within a request by %s', (way) => {
  let driver: Driver;
  let seen: string[];

  beforeEach(async () => {
    driver = new Driver(await OPENERS[way]!());
    undone.push(() => driver.close());
    seen = [];
  });

  it('runs no callback of a later request in the scope of the first', async () => {
    const port = await stage.serve((request, response) => {
      driver.query(request.url!, (answer) => {
        seen.push(`${answer} in ${here()}`);
        response.end();
      });
    });
    for (const path of ['/1', '/2', '/3']) await ask(port, path);
    expect(seen).toEqual(['/1 in none', '/2 in none', '/3 in none']);
  });

  it.each([
    ['while it is worked on', <T>(fn: () => T): T => fn()],
    ['when it is over', <T>(fn: () => T): T => context.leave(fn)],
  ])('keeps of the request nothing but its headers that must not be handed on, opened %s', async (_when, work) => {
    const span = stage.tracer.openEntry('/1', { sw8: 'strange', 'sw8-x': ', '.repeat(300), host: 'a' }, false)!;
    const query = (): Promise<unknown> =>
      new Promise((resolve) => driver.query('/1', () => resolve([context.getStore(), context.whole()])));
    const first = await context.run(span, () => work(query));
    const later = await query();
    const foreign = {
      pairs: [
        ['sw8', 'strange'],
        ['sw8-x', anyLongHeader],
      ],
    };
    expect([first, later]).toEqual(Array(2).fill([undefined, { foreign }]));
  });

  it('keeps storages of the application’s', async () => {
    const own = new AsyncLocalStorage<string>();
    const query = (): Promise<unknown> => new Promise((resolve) => driver.query('/1', () => resolve(own.getStore())));
    const first = await stage.tracer.trace('job', () => own.run('kept', query));
    expect([first, await query()]).toEqual(['kept', 'kept']);
  });

  it('keeps nothing where the caller is believed', async () => {
    const span = stage.tracer.openEntry('/1', { sw8: 'believed' })!;
    const query = (): Promise<unknown> => new Promise((resolve) => driver.query('/1', () => resolve(context.whole())));
    expect([await context.run(span, query), await query()]).toEqual([undefined, undefined]);
  });

  it('leaves what a promise resumes in the scope of its own request', async () => {
    const handle = async (path: string, response: ServerResponse): Promise<void> => {
      const answer = await new Promise<string>((resolve) => driver.query(path, resolve));
      seen.push(`${answer} in ${here()}`);
      response.end();
    };
    const port = await stage.serve((request, response) => void handle(request.url!, response));
    await Promise.all(['/1', '/2', '/3'].map((path) => ask(port, path)));
    expect(seen.sort()).toEqual(['/1 in /1', '/2 in /2', '/3 in /3']);
  });
});

describe('connecting within a request', () => {
  it('brings its end and its errors in the scope of the request', async () => {
    const open = await OPENERS['a socket that is made and then connected']!();
    const secure = await OPENERS['tls.connect']!();
    const plain = await stage.listen(net.createServer((socket) => socket.end('no TLS')));
    const seen: string[] = [];
    const see = (socket: Socket, ...events: string[]): Promise<void> =>
      new Promise((resolve) => {
        socket.on('error', () => undefined);
        undone.push(() => socket.destroy());
        for (const event of events) {
          socket.once(event, () => {
            seen.push(`${event} in ${here()}`);
            if (event === events.at(-1)) resolve();
          });
        }
      });
    const port = await stage.serve((_request, response) => {
      const all = [
        see(open(), 'connect'),
        see(secure(), 'connect', 'secureConnect'),
        see(net.connect(1, '127.0.0.1'), 'error'),
        see(tls.connect(plain, '127.0.0.1'), 'error'),
      ];
      void Promise.all(all).then(() => response.end());
    });
    await ask(port, '/a');
    const expected = ['connect', 'connect', 'error', 'error', 'secureConnect'];
    expect(seen.sort()).toEqual(expected.map((event) => `${event} in /a`));
  });

  it('finds no listener of ours on the socket', async () => {
    const open = await OPENERS['a socket that is made and then connected']!();
    const counts: Record<string, number> = {};
    const count = (socket: Socket): void => {
      for (const name of socket.eventNames()) counts[String(name)] = socket.listenerCount(name);
    };
    const bare = open();
    undone.push(() => bare.destroy());
    count(bare);
    const expected = { ...counts };
    stage.tracer.trace('job', () => {
      const socket = open();
      undone.push(() => socket.destroy());
      count(socket);
    });
    expect(counts).toEqual(expected);
  });
});

describe('an interval started within a request', () => {
  it.each([
    ['global', () => globalThis.setInterval],
    ['exported', () => timers.setInterval],
  ])('by the %s function is in its scope until the request is answered, and in none afterwards', async (_of, get) => {
    const seen: unknown[] = [];
    let answer: () => void = () => undefined;
    const port = await stage.serve((_request, response) => {
      const interval = get()(
        function (this: unknown, ...args: unknown[]) {
          seen.push([here(), this === interval, ...args]);
        },
        1,
        'a',
        2,
      );
      undone.push(() => clearInterval(interval));
      answer = () => response.end();
    });
    const asked = ask(port, '/a');
    await until(
      () => seen.length,
      (length) => length > 0,
    );
    answer();
    await asked;
    await stage.closed(1);
    expect(seen[0]).toEqual(['/a', true, 'a', 2]);
    seen.length = 0;
    await until(
      () => seen.length,
      (length) => length > 1,
    );
    expect(seen[0]).toEqual(['none', true, 'a', 2]);
  });

  it('of no function throws what Node throws', () => {
    const start = (): unknown => Reflect.apply(setInterval, undefined, ['no function', 1]);
    const get = (): unknown => {
      try {
        return start();
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };
    expect(stage.tracer.trace('job', get)).toBe(get());
  });

  it('is started by the functions of Node again once tracing is disabled', () => {
    const own = [globalThis.setInterval, timers.setInterval];
    stage.disable();
    expect(globalThis.setInterval).not.toBe(own[0]);
    expect(timers.setInterval).not.toBe(own[1]);
  });
});
