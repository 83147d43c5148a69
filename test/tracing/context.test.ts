import { AsyncResource } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as immediately, setTimeout as later } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { context } from '../../src/tracing/context';
import { tracing } from '../support/tracing';

const { tracer, segments } = tracing({ maxSpansPerSegment: 1_000 });

/** The name of the span that new work would be a child of. */
function scope(): string | undefined {
  const now = context.getStore();
  return typeof now === 'object' ? now.operationName : undefined;
}

/** Runs this within a span, and beside it within another one at the same time; each has to see its own only. */
async function inBoth(work: () => Promise<unknown>): Promise<void> {
  const names = ['one', 'other'];
  const seen = await Promise.all(names.map((name) => tracer.trace(name, work)));
  expect(seen).toEqual(names.map((name) => expect.arrayContaining([name]) as unknown));
  expect(new Set(seen.flat()).size).toBe(2);
  expect(scope()).toBeUndefined();
}

describe('what a span starts is its child', () => {
  it('after an await, of whatever', () =>
    inBoth(async () => {
      const seen: unknown[] = [];
      for (const wait of [() => Promise.resolve(), immediately, () => later(1), () => null]) {
        await wait();
        seen.push(scope());
      }
      await { then: (resolve: (value: unknown) => void) => setImmediate(resolve, 0) };
      return [...seen, scope()];
    }));

  it('in timers, ticks and microtasks, and in each turn of an interval', () =>
    inBoth(async () => {
      const seen: unknown[] = [];
      const see = (resolve: (value?: unknown) => void) => () => {
        seen.push(scope());
        resolve();
      };
      await Promise.all([
        new Promise((resolve) => setTimeout(see(resolve), 1)),
        new Promise((resolve) => setImmediate(see(resolve))),
        new Promise((resolve) => process.nextTick(see(resolve))),
        new Promise((resolve) => queueMicrotask(see(resolve))),
        new Promise<void>((resolve) => {
          let turns = 0;
          const timer = setInterval(() => {
            seen.push(scope());
            if (++turns < 3) return;
            clearInterval(timer);
            resolve();
          }, 1);
        }),
      ]);
      expect(seen).toHaveLength(7);
      return seen;
    }));

  it('in the parts of a stream that it reads and changes', () =>
    inBoth(async () => {
      const seen: unknown[] = [];
      async function* source(): AsyncGenerator<string> {
        for (const part of ['a', 'b', 'c']) {
          await immediately();
          seen.push(scope());
          yield part;
        }
      }
      const upper = new Transform({
        transform(part: Buffer, _encoding, done) {
          seen.push(scope());
          setImmediate(done, null, part.toString().toUpperCase());
        },
      });
      let text = '';
      await pipeline(Readable.from(source()), upper, async (parts: AsyncIterable<Buffer>) => {
        for await (const part of parts) {
          seen.push(scope());
          text += part.toString();
        }
      });
      expect(text).toBe('ABC');
      expect(seen).toHaveLength(9);
      return seen;
    }));

  it('where it waits for an event or iterates over events', () =>
    inBoth(async () => {
      const emitter = new EventEmitter();
      // Emitted outside of any work.
      context.exit(() => setTimeout(() => emitter.emit('ready'), 2));
      await once(emitter, 'ready');
      return [scope()];
    }));

  it('through a pool that says whose work it does, though its threads serve everybody', () =>
    inBoth(async () => {
      const result = new Promise((resolve) => pool.run(new AsyncResource('job'), () => resolve(scope())));
      return [await result];
    }));
});

/** One loop, begun by the first who came, does the work of all: as pools of connections do. */
class Pool {
  private readonly waiting: (() => void)[] = [];
  private isRunning = false;

  run(resource: AsyncResource, job: () => void): void {
    this.waiting.push(() => resource.runInAsyncScope(job));
    if (!this.isRunning) this.next();
  }

  private next(): void {
    const job = this.waiting.shift();
    this.isRunning = job !== undefined;
    if (!job) return;
    setImmediate(() => {
      job();
      this.next();
    });
  }
}

const pool = new Pool();

describe('what no span starts', () => {
  it('is of its own, as an emitter is whose listeners run in the scope of who emits', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    tracer.trace('subscriber', () => emitter.on('news', () => seen.push(scope())));
    emitter.emit('news');
    tracer.trace('publisher', () => emitter.emit('news'));
    expect(seen).toEqual([undefined, 'publisher']);
  });

  it('is not in a worker thread, and the answer of a worker is where it is waited for', () =>
    inBoth(async () => {
      const worker = new Worker(`require('node:worker_threads').parentPort.postMessage('done')`, { eval: true });
      const [answer] = (await once(worker, 'message')) as [string];
      expect(answer).toBe('done');
      await worker.terminate();
      return [scope()];
    }));
});

describe('what runs in no scope, within one', () => {
  it.each([
    ['entered', <T>(fn: () => T) => context.exit(fn)],
    ['left for', <T>(fn: () => T) => context.leave(fn)],
  ])('that is %s stays there after a span within it', async (_how, out) => {
    const seen = await tracer.trace('one', () =>
      out(async () => {
        const before = scope();
        const within = tracer.trace('within', scope);
        const after = scope();
        await immediately();
        return [before, within, after, scope()];
      }),
    );
    expect(seen).toEqual([undefined, 'within', undefined, undefined]);
  });
});

describe('a crowd of requests at the same time', () => {
  it('has each its spans, however they mix, and nothing is left over', async () => {
    const before = segments.length;
    const serve = async (n: number): Promise<void> => {
      const entry = tracer.openEntry(`/${n}`)!;
      await context.run(entry, async () => {
        await Promise.all(
          Array.from({ length: 3 }, (_, branch) =>
            tracer.trace(`${n}`, async () => {
              await (branch === 0 ? immediately() : branch === 1 ? later(n % 3) : Promise.resolve());
              const exit = tracer.openExit(`${n}`, 'a:80')!;
              await immediately();
              tracer.end(exit);
            }),
          ),
        );
      });
      tracer.end(entry);
    };
    await Promise.all(Array.from({ length: 200 }, (_, n) => serve(n)));
    const made = segments.slice(before);
    expect(made).toHaveLength(200);
    for (const { spans } of made) {
      const names = new Set(spans.map(({ operationName }) => operationName.replace('/', '')));
      expect([names.size, spans.length]).toEqual([1, 7]);
      const parentOf = new Map(spans.map(({ spanId, parentSpanId }) => [spanId, parentSpanId]));
      expect([...parentOf.values()].filter((parent) => parent === 0)).toHaveLength(3);
      expect([...parentOf.values()].every((parent) => parent === -1 || parentOf.has(parent))).toBe(true);
    }
  });
});
