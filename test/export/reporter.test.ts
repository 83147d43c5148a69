import { KeepAlive } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { failed, ok, retryable } from '../../src/base/outcome';
import type { SegmentSpool } from '../../src/export/ports';
import { Reporter } from '../../src/export/reporter';
import { context } from '../../src/tracing/context';
import { assertAccounted } from '../support/accounting';
import { FakeClock } from '../support/fake-clock';
import { heldBytes } from '../support/garbage';
import { SpoolSender } from '../../src/export/spool-sender';
import { spillCount } from '../../src/spool/policies';
import { Span, type Segment } from '../../src/model/segment';
import { SpanType } from '../../src/model/components';
import { tracing } from '../support/tracing';
import { FakeSegments, numberIn } from './fake-segment-port';
import { numbered } from './numbered-segments';

let clock: FakeClock;
let api: FakeSegments;
let said: string[];
let isReady: boolean;
let reporter: Reporter;

beforeEach(() => {
  clock = new FakeClock();
  api = new FakeSegments();
  said = [];
  isReady = true;
  reporter = reporterOf(10_000);
});

afterEach(async () => {
  assertAccounted(reporter.counters());
  const stopped = reporter.stop();
  await clock.advance(60_000);
  await stopped;
  assertAccounted(reporter.counters());
  expect(reporter.counters()).toMatchObject({ inFlight: 0, buffered: 0 });
});

function logged(): Log {
  const say = (message: string) => said.push(message);
  return new Log(clock, { error: say, warn: say, info: say, debug: say });
}

type ReporterOptions = Partial<ConstructorParameters<typeof Reporter>[0]>;

function reporterOf(maxBuffer: number, options: ReporterOptions = {}): Reporter {
  const made = new Reporter({ clock, log: logged(), maxBuffer, byName: () => api.byName(), ...options });
  made.use(isReady ? api.target() : undefined);
  api.step = () => assertAccounted(made.counters());
  return made;
}

function setReady(ready: boolean): void {
  isReady = ready;
  reporter.use(isReady ? api.target() : undefined);
}

function add(from: number, to: number): void {
  for (let n = from; n < to; n++) reporter.add(numbered(n));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

/** A promise and what settles it. */
function held<T>(): { promise: Promise<T>; settle: (value: T) => void } {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => (settle = resolve));
  return { promise, settle };
}

describe('what is counted', () => {
  it('is told of after a turn that has changed it, and not while nothing happens', async () => {
    let told = 0;
    reporter = reporterOf(10_000, { onCounts: () => told++ });
    await clock.advance(10_000);
    expect(told).toBe(0);
    add(0, 100);
    await clock.advance(1_000);
    expect([told, reporter.counters().sent]).toEqual([1, 100]);
    setReady(false);
    add(100, 101);
    await clock.advance(60_000);
    expect(told).toBe(2);
    setReady(true);
    await clock.advance(10_000);
    expect([told, reporter.counters().sent]).toEqual([3, 101]);
  });
});

describe('a segment whose fate is known to be lost', () => {
  const full = (n: number): Segment => {
    const segment = numbered(n);
    segment.add(new Span(segment, 0, -1, SpanType.entry, '/orders', 1));
    return segment;
  };
  const held = (segments: readonly Segment[]): number => segments.filter(({ spans }) => spans.length > 0).length;

  it('lets go of its spans as soon as it is encoded or dropped: a connection made in one of them may stay open for days', async () => {
    const segments = Array.from({ length: 5 }, (_, n) => full(n));
    reporter.add(segments[0]!);
    expect([reporter.counters().buffered, held(segments)]).toEqual([1, 4]);

    setReady(false);
    const small = reporterOf(2);
    for (const segment of segments.slice(1)) small.add(segment);
    expect([small.counters().droppedBecause, held(segments)]).toEqual([{ 'buffer-full': 2 }, 0]);
    await small.stop();
    expect([small.counters().droppedBecause, held(segments)]).toEqual([{ 'buffer-full': 2, stopped: 2 }, 0]);
    const late = full(9);
    small.add(late);
    expect([small.counters().droppedBecause, held([late])]).toEqual([{ 'buffer-full': 2, stopped: 3 }, 0]);
  });

  it('lets go of them while no backend knows us, too', async () => {
    setReady(false);
    const segment = full(0);
    reporter.add(segment);
    expect([reporter.counters().buffered, held([segment])]).toEqual([1, 0]);
    setReady(true);
    await clock.advance(0);
    expect([reporter.counters().sent, held([segment])]).toEqual([1, 0]);
  });
});

describe('segments', () => {
  it('wait half a second for company, then go on one stream', async () => {
    add(0, 3);
    await clock.advance(490);
    expect(reporter.counters()).toMatchObject({ accepted: 3, buffered: 3, sent: 0 });
    await clock.advance(20);
    expect(api.streams).toEqual([[[0, 1, 2]]]);
    expect(reporter.counters()).toEqual({
      ...{ accepted: 3, sent: 3, dropped: 0, inFlight: 0, buffered: 0 },
      droppedBecause: {},
    });
  });

  it('go at once when many wait', async () => {
    add(0, 2_047);
    await clock.advance(5);
    expect(reporter.counters().sent).toBe(0);
    add(2_047, 2_048);
    await clock.advance(20);
    expect(reporter.counters().sent).toBe(2_048);
  });

  it('go in batches, so that the application has its turn between them', async () => {
    add(0, 600);
    await clock.advance(500);
    expect(api.streams[0]!.map((batch) => batch.length)).toEqual([256, 256, 88]);
    expect(api.received).toEqual(range(0, 600));
  });

  it('count as in flight from the writing until the stream has ended with OK, and as sent only then', async () => {
    const fate = held<ReturnType<typeof ok<undefined>>>();
    api.onEnd = () => fate.promise;
    add(0, 10);
    await clock.advance(600);
    expect(reporter.counters()).toMatchObject({ inFlight: 10, sent: 0, buffered: 0 });
    add(10, 15);
    expect(reporter.counters()).toMatchObject({ inFlight: 10, sent: 0, buffered: 5 });
    fate.settle(ok(undefined));
    await clock.advance(0);
    expect(reporter.counters()).toMatchObject({ inFlight: 0, sent: 10, buffered: 5 });
  });

  it('use one stream at a time, with a bounded number in flight', async () => {
    let most = 0;
    api.onEnd = async () => {
      most = Math.max(most, reporter.counters().inFlight);
      await new Promise<void>((resolve) => clock.after(50, resolve));
      return ok(undefined);
    };
    add(0, 9_000);
    await clock.advance(5_000);
    expect(api.mostOpenStreams).toBe(1);
    expect(most).toBe(2_048);
    expect(api.received).toEqual(range(0, 9_000));
    expect(reporter.counters().sent).toBe(9_000);
  });

  it('stay in the buffer while the transport takes no more', async () => {
    const drained = held<boolean>();
    api.onWrite = () => drained.promise;
    add(0, 1_000);
    await clock.advance(5_000);
    expect(reporter.counters()).toMatchObject({ inFlight: 256, buffered: 744 });
    api.onWrite = () => Promise.resolve(true);
    drained.settle(true);
    await clock.advance(10);
    expect(api.received).toEqual(range(0, 1_000));
  });

  it('wait while the backend does not know us, and go at once when it does', async () => {
    setReady(false);
    add(0, 1_000);
    await clock.advance(10_000);
    expect(api.streams).toEqual([]);
    setReady(true);
    await clock.advance(10);
    expect(api.received).toEqual(range(0, 1_000));
  });

  it('cost nothing while there are none', async () => {
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
    expect(api.streams).toEqual([]);
  });
});

describe('a backend that cannot be had', () => {
  it('costs no segment as long as there is place, and is asked ever more rarely', async () => {
    let asked = 0;
    api.onOpen = () => {
      asked++;
      return Promise.resolve(retryable('no connection'));
    };
    add(0, 100);
    await clock.advance(60_000);
    expect(asked).toBeGreaterThan(10);
    expect(asked).toBeLessThan(25);
    expect(reporter.counters()).toMatchObject({ buffered: 100, dropped: 0 });
    api.onOpen = () => Promise.resolve(ok(undefined));
    await clock.advance(6_000);
    expect(api.received).toEqual(range(0, 100));
  });

  it('for hours costs the oldest segments and no more memory', async () => {
    await reporter.stop();
    reporter = reporterOf(1_000);
    setReady(false);
    add(0, 2_000);
    await clock.advance(1_000);
    const before = heldBytes();
    for (let hour = 0; hour < 5; hour++) {
      add(0, 40_000);
      await clock.advance(3_600_000 / 100);
    }
    expect(heldBytes() - before).toBeLessThan(3_000_000);
    expect(reporter.counters()).toMatchObject({ accepted: 202_000, buffered: 1_000, dropped: 201_000 });
    expect(reporter.counters().droppedBecause).toEqual({ 'buffer-full': 201_000 });
    expect(said[0]).toContain('segments dropped so far');
  });

  it('that refuses the stream costs nothing, and is said once', async () => {
    api.onOpen = () => Promise.resolve(failed('PERMISSION_DENIED', 'wrong token'));
    add(0, 10);
    await clock.advance(30_000);
    expect(reporter.counters()).toMatchObject({ buffered: 10, dropped: 0 });
    expect(said).toEqual([expect.stringContaining('wrong token')]);
  });
});

describe('a stream that breaks', () => {
  it('before the backend had anything: all go again, in their order and before newer ones', async () => {
    api.onEnd = () => Promise.resolve(retryable('GOAWAY'));
    add(0, 300);
    await clock.advance(500);
    expect(reporter.counters()).toMatchObject({ buffered: 300, sent: 0, dropped: 0, inFlight: 0 });
    api.streams.length = 0;
    api.onEnd = () => Promise.resolve(ok(undefined));
    add(300, 310);
    await clock.advance(2_000);
    expect(api.received).toEqual(range(0, 310));
    expect(reporter.counters()).toMatchObject({ sent: 310, dropped: 0 });
  });

  it('and comes back to a buffer that filled meanwhile: the oldest go', async () => {
    await reporter.stop();
    reporter = reporterOf(100);
    const broken = () => Promise.resolve(retryable('GOAWAY'));
    api.onEnd = () => {
      add(100, 160);
      api.onEnd = broken;
      return broken();
    };
    add(0, 100);
    await clock.advance(600);
    expect(reporter.counters()).toMatchObject({ accepted: 160, buffered: 100, dropped: 60 });
    api.streams.length = 0;
    api.onEnd = () => Promise.resolve(ok(undefined));
    await clock.advance(2_000);
    expect(api.received).toEqual(range(60, 160));
  });

  it.each([
    ['INTERNAL', 'fate-unknown'],
    ['DEADLINE_EXCEEDED', 'fate-unknown'],
    ['UNKNOWN', 'fate-unknown'],
    ['PERMISSION_DENIED', 'refused'],
    ['UNIMPLEMENTED', 'refused'],
  ])('with %s after the writing: they are counted as %s, and never sent a second time', async (code, reason) => {
    api.onEnd = () => Promise.resolve(failed(code, 'it broke'));
    add(0, 10);
    await clock.advance(500);
    expect(reporter.counters()).toMatchObject({ sent: 0, dropped: 10, droppedBecause: { [reason]: 10 } });
    api.onEnd = () => Promise.resolve(ok(undefined));
    await clock.advance(10_000);
    expect(api.received).toEqual(range(0, 10));
  });

  it.each(['RESOURCE_EXHAUSTED', 'UNAVAILABLE', 'ABORTED'])(
    'with %s twice: they are sent again, and none is lost',
    async (code) => {
      let refusals = 2;
      api.onEnd = () => Promise.resolve(refusals-- > 0 ? failed(code, 'not now') : ok(undefined));
      add(0, 10);
      await clock.advance(10_000);
      expect(reporter.counters()).toMatchObject({ sent: 10, dropped: 0 });
      expect(api.streams).toHaveLength(3);
    },
  );

  it('with "not now" ten times in a row: they are given up, and the next ones have ten attempts again', async () => {
    let streams = 0;
    api.onEnd = () => Promise.resolve(++streams % 20 === 19 ? ok(undefined) : failed('UNAVAILABLE', 'not now'));
    add(0, 10);
    await clock.advance(120_000);
    expect(reporter.counters()).toMatchObject({ sent: 0, dropped: 10, droppedBecause: { 'fate-unknown': 10 } });
    expect(streams).toBe(10);
    add(10, 20);
    await clock.advance(120_000);
    expect(reporter.counters()).toMatchObject({ sent: 10, dropped: 10 });
    expect(streams).toBe(19);
  });

  it.each(['UNKNOWN', 'DEADLINE_EXCEEDED', 'INTERNAL', 'UNAVAILABLE'])(
    'with %s where segments go at least once: they are sent again',
    async (code) => {
      reporter = reporterOf(10_000, { delivery: 'at-least-once' });
      let failures = 2;
      api.onEnd = () => Promise.resolve(failures-- > 0 ? failed(code, 'it broke') : ok(undefined));
      add(0, 10);
      await clock.advance(10_000);
      expect(reporter.counters()).toMatchObject({ sent: 10, dropped: 0 });
    },
  );

  it('with a refusal where segments go at least once: they are given up', async () => {
    reporter = reporterOf(10_000, { delivery: 'at-least-once' });
    api.onEnd = () => Promise.resolve(failed('PERMISSION_DENIED', 'no'));
    add(0, 10);
    await clock.advance(10_000);
    expect(reporter.counters()).toMatchObject({ dropped: 10, droppedBecause: { refused: 10 } });
  });

  it('in its middle: what was not written waits, what was written has the fate of the stream', async () => {
    api.onWrite = (numbers) => Promise.resolve(numbers.length === 256);
    api.onEnd = () => Promise.resolve(failed('INTERNAL', 'it broke'));
    add(0, 300);
    await clock.advance(500);
    expect(reporter.counters()).toMatchObject({ dropped: 256, buffered: 44, droppedBecause: { 'fate-unknown': 256 } });
    api.streams.length = 0;
    api.onWrite = () => Promise.resolve(true);
    api.onEnd = () => Promise.resolve(ok(undefined));
    await clock.advance(2_000);
    expect(api.received).toEqual(range(256, 300));
  });

  it('because the ids have changed: everything waits for the new ones', async () => {
    api.onWrite = () => {
      setReady(false);
      return Promise.resolve(false);
    };
    add(0, 10);
    await clock.advance(5_000);
    expect(reporter.counters()).toMatchObject({ buffered: 10, dropped: 0, sent: 0 });
    expect(api.streams).toHaveLength(1);
    setReady(true);
    api.onWrite = () => Promise.resolve(true);
    await clock.advance(1);
    expect(reporter.counters()).toMatchObject({ sent: 10 });
  });
});

describe('a registration that ends while its stream is opened', () => {
  const registerAgain = (): void => {
    api.epoch++;
    setReady(true);
  };

  it('has nothing written by its names: the segments go, encoded again, on the next stream', async () => {
    api.onOpen = () => {
      registerAgain();
      api.onOpen = () => Promise.resolve(ok(undefined));
      return Promise.resolve(ok(undefined));
    };
    add(0, 10);
    await clock.advance(500);
    expect(api.streams[0]).toEqual([]);
    await clock.advance(5_000);
    expect(api.received).toEqual(range(0, 10));
    expect(reporter.counters()).toMatchObject({ sent: 10, dropped: 0 });
  });

  it('is not reported as refused: the answer was about the one before', async () => {
    api.onOpen = () => {
      registerAgain();
      api.onOpen = () => Promise.resolve(retryable('no connection'));
      return Promise.resolve(failed('FOREIGN_IDS', 'another service has our id'));
    };
    add(0, 10);
    await clock.advance(500);
    expect([said, reporter.counters().buffered]).toEqual([[], 10]);
  });
});

describe('a transport that breaks its word', () => {
  const broken = () => Promise.reject(new Error('a fault of ours'));

  it.each(['onOpen', 'onWrite', 'onEnd'] as const)('by rejecting (%s) loses no count', async (step) => {
    api[step] = broken;
    add(0, 10);
    await clock.advance(5_000);
    assertAccounted(reporter.counters());
    expect(reporter.counters().inFlight).toBe(0);
    api[step] = () => Promise.resolve(step === 'onWrite' ? true : (ok(undefined) as never)) as never;
    await clock.advance(10_000);
    expect(reporter.counters().sent + reporter.counters().dropped).toBe(10);
  });

  it.each(['onOpen', 'onWrite', 'onEnd'] as const)('by never answering (%s) does not stop the others', async (step) => {
    const before = api[step];
    api[step] = (() => new Promise(() => undefined)) as never;
    add(0, 10);
    await clock.advance(1_000);
    const { signal } = api;
    await clock.advance(39_000);
    expect(signal?.aborted).toBe(true);
    expect(reporter.counters().inFlight).toBe(0);
    api[step] = before as never;
    add(10, 20);
    await clock.advance(70_000);
    expect(api.received).toEqual(expect.arrayContaining(range(10, 20)));
    expect(reporter.counters().buffered).toBe(0);
  });
});

describe('flush', () => {
  it('resolves to true when everything accepted was sent, without waiting for company', async () => {
    add(0, 700);
    const flushed = reporter.flush(1_000);
    await clock.advance(100);
    await expect(flushed).resolves.toBe(true);
    expect(reporter.counters().sent).toBe(700);
  });

  it('resolves to true at once when there is nothing', async () => {
    await expect(reporter.flush(1_000)).resolves.toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('resolves to true when what was accepted is counted as dropped', async () => {
    api.onEnd = () => Promise.resolve(failed('INTERNAL', 'it broke'));
    add(0, 5);
    const flushed = reporter.flush(1_000);
    await clock.advance(100);
    await expect(flushed).resolves.toBe(true);
    expect(reporter.counters()).toMatchObject({ dropped: 5 });
  });

  it('resolves to false after its time', async () => {
    setReady(false);
    add(0, 5);
    const flushed = reporter.flush(300);
    await clock.advance(301);
    await expect(flushed).resolves.toBe(false);
    expect(reporter.counters()).toMatchObject({ buffered: 5 });
  });

  it('waits for what is in flight', async () => {
    const fate = held<ReturnType<typeof ok<undefined>>>();
    api.onEnd = () => fate.promise;
    add(0, 5);
    await clock.advance(500);
    let flushed: boolean | undefined;
    void reporter.flush(5_000).then((isDone) => (flushed = isDone));
    await clock.advance(1_000);
    expect(flushed).toBeUndefined();
    fate.settle(ok(undefined));
    await clock.advance(1);
    expect(flushed).toBe(true);
  });

  it('does not wait for what comes after it', async () => {
    api.onEnd = () => {
      add(0, 100);
      return Promise.resolve(ok(undefined));
    };
    add(0, 5);
    const flushed = reporter.flush(1_000);
    await clock.advance(200);
    await expect(flushed).resolves.toBe(true);
    expect(reporter.counters().buffered).toBeGreaterThan(0);
    api.onEnd = () => Promise.resolve(ok(undefined));
  });

  it('is not done by what came later and never had to wait', async () => {
    api.onOpen = () => Promise.resolve(retryable('no connection'));
    api.unencodable.add(5);
    add(0, 5);
    let flushed: boolean | undefined;
    void reporter.flush(60_000).then((isDone) => (flushed = isDone));
    for (let i = 0; i < 5; i++) add(5, 6);
    await clock.advance(10_000);
    expect([flushed, reporter.counters().droppedBecause]).toEqual([undefined, { 'not-encodable': 5 }]);
    api.onOpen = () => Promise.resolve(ok(undefined));
    await clock.advance(10_000);
    expect([flushed, reporter.counters().sent]).toEqual([true, 5]);
  });

  it('does not wait for the end of a backoff', async () => {
    api.onOpen = () => Promise.resolve(retryable('no connection'));
    add(0, 5);
    await clock.advance(60_000);
    api.onOpen = () => Promise.resolve(ok(undefined));
    const flushed = reporter.flush(1_000);
    await clock.advance(10);
    await expect(flushed).resolves.toBe(true);
    expect(reporter.counters().sent).toBe(5);
  });

  it('is ended by stop', async () => {
    setReady(false);
    add(0, 5);
    const flushed = reporter.flush(60_000);
    await reporter.stop();
    await expect(flushed).resolves.toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('a process that may end', () => {
  it('is held up anew for a segment that may still be sent, and for none while no backend can be reached', async () => {
    await reporter.stop();
    const log = new Log(clock, { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() });
    const keepAlive = new KeepAlive();
    let held = 0;
    const onWork = (): void => {
      held++;
      keepAlive.hold(60_000);
    };
    reporter = new Reporter({ clock, log, maxBuffer: 10, byName: () => api.byName(), keepAlive, onWork });
    add(0, 3);
    expect(held).toBe(1);
    keepAlive.release();
    reporter.setReachable(false);
    add(3, 5);
    expect(held).toBe(1);
    reporter.setReachable(true);
    add(5, 7);
    expect(held).toBe(2);
    keepAlive.release();
  });
});

describe('stop', () => {
  it('counts what waits, and what comes afterwards, as dropped', async () => {
    setReady(false);
    add(0, 5);
    await reporter.stop();
    add(5, 8);
    expect(reporter.counters()).toMatchObject({ accepted: 8, dropped: 8, droppedBecause: { stopped: 8 } });
  });

  it('waits for the stream that is open, a moment only', async () => {
    api.onEnd = () => new Promise(() => undefined);
    add(0, 5);
    await clock.advance(500);
    let isStopped = false;
    const stopped = reporter.stop().then(() => (isStopped = true));
    await clock.advance(100);
    expect([isStopped, api.signal?.aborted]).toEqual([false, true]);
    await clock.advance(900);
    await stopped;
    expect(reporter.counters()).toMatchObject({ inFlight: 0, dropped: 5, droppedBecause: { 'fate-unknown': 5 } });
  });

  it('twice is once', async () => {
    const first = reporter.stop();
    expect(reporter.stop()).toBe(first);
    await first;
  });
});

describe('a spool', () => {
  let spooled: number[];
  let isFull: boolean;
  const policy = jest.fn(spillCount);
  const spool: SegmentSpool = {
    get waiting() {
      return spooled.length;
    },
    append: (segment) => {
      if (!isFull) spooled.push(numberIn(segment));
      return !isFull;
    },
    spillCount: policy,
  };

  beforeEach(async () => {
    await reporter.stop();
    spooled = [];
    isFull = false;
    reporter = reporterOf(100, { spool });
  });

  it('takes what memory has no room for', () => {
    setReady(false);
    add(0, 250);
    expect(reporter.counters()).toMatchObject({ accepted: 250, buffered: 100, spooled: 150, dropped: 0 });
    expect(spooled).toEqual(range(0, 150));
  });

  it('takes everything when no backend has been there for five seconds, and what comes afterwards', async () => {
    setReady(false);
    add(0, 90);
    await clock.advance(4_000);
    expect(spooled).toEqual([]);
    await clock.advance(2_000);
    expect(spooled).toEqual(range(0, 90));
    add(90, 95);
    expect(spooled).toEqual(range(0, 95));
    isFull = true;
    add(95, 96);
    expect(reporter.counters()).toMatchObject({ buffered: 1 });
    isFull = false;
    await clock.advance(1_000);
    expect(reporter.counters()).toMatchObject({ accepted: 96, buffered: 0, spooled: 96 });
    setReady(true);
    add(96, 100);
    await clock.advance(10_000);
    expect(api.received).toEqual(range(96, 100));
    expect(reporter.counters()).toMatchObject({ sent: 4, spooled: 96 });
  });

  it('takes nothing at once while a backend is there, however small the memory is', async () => {
    await reporter.stop();
    reporter = reporterOf(1, { spool });
    setReady(true);
    for (let at = 0; at < 3; at++) {
      add(at, at + 1);
      await clock.advance(5_000);
    }
    expect([api.received, spooled]).toEqual([range(0, 3), []]);
  });

  it('is asked for few at a time, so that the application has its turn between them', async () => {
    const calls: number[] = [];
    policy.mockImplementation((memory) => {
      calls.push(memory.waiting);
      return memory.awayMs >= 5_000 ? memory.waiting : 0;
    });
    await reporter.stop();
    reporter = reporterOf(1_000, { spool });
    setReady(false);
    add(0, 200);
    await clock.advance(6_000);
    expect(calls.filter((waiting) => waiting > 1).slice(-4)).toEqual([200, 136, 72, 8]);
    policy.mockImplementation(spillCount);
  });

  it('that takes nothing leaves all to memory, and what is over is dropped as without one', async () => {
    isFull = true;
    setReady(false);
    add(0, 130);
    await clock.advance(20_000);
    expect(reporter.counters()).toMatchObject({ buffered: 100, dropped: 30, droppedBecause: { 'buffer-full': 30 } });
  });

  it('tells what became of segments, and the sums stay right', async () => {
    setReady(false);
    add(0, 150);
    spooled.splice(0, 40);
    reporter.settle(30, 'sent');
    reporter.settle(10, 'spool-full');
    expect(reporter.counters()).toMatchObject({
      sent: 30,
      dropped: 10,
      spooled: 10,
      droppedBecause: { 'spool-full': 10 },
    });
    assertAccounted(reporter.counters());
  });

  it('is what a flush may end in', async () => {
    setReady(false);
    add(0, 150);
    const flushed = reporter.flush(60_000);
    add(150, 300);
    await clock.advance(10_000);
    await expect(flushed).resolves.toBe(true);
    expect(reporter.counters()).toMatchObject({ buffered: 0, spooled: 300 });
  });

  it('has at the end of the process all that could not be handed over', () => {
    add(0, 10);
    api.room = 7;
    expect(reporter.flushSync()).toBe(true);
    reporter.spillSync(100);
    expect(reporter.counters()).toMatchObject({ inFlight: 7, buffered: 0, spooled: 3 });
    assertAccounted(reporter.counters());
    // A test's process goes on.
    reporter = reporterOf(100);
  });

  it('has at the end of the process also what is in flight, where segments go at least once', async () => {
    reporter = reporterOf(100, { spool, delivery: 'at-least-once' });
    api.onEnd = () => new Promise(() => undefined);
    add(0, 5);
    await clock.advance(600);
    reporter.spillSync(100);
    expect(reporter.counters()).toMatchObject({ inFlight: 0, spooled: 5 });
    assertAccounted(reporter.counters());
  });

  it('has what waits when the agent stops, and nothing of it is dropped', async () => {
    setReady(false);
    add(0, 10);
    await reporter.stop();
    expect(reporter.counters()).toMatchObject({ buffered: 0, spooled: 10, dropped: 0 });
  });
});

it('streams that follow one another leave no listener behind', async () => {
  const controller = new AbortController();
  const add = jest.spyOn(controller.signal, 'addEventListener');
  const remove = jest.spyOn(controller.signal, 'removeEventListener');
  const sender = new SpoolSender({ clock, log: logged(), delivery: undefined, isCurrent: () => true });
  for (let n = 0; n < 3; n++) {
    const sending = sender.send([numbered(n)], api.target(), controller.signal);
    await clock.advance(10);
    expect(await sending).toBe('stored');
  }
  expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([3, 3]);
});

describe('the last words of a process that exits', () => {
  it('are the oldest of what waits, as many as go without waiting; their fate stays unknown', async () => {
    add(0, 10);
    api.room = 7;
    expect(reporter.flushSync()).toBe(true);
    expect(api.received).toEqual(range(0, 7));
    expect(reporter.counters()).toMatchObject({ inFlight: 7, buffered: 3, sent: 0, dropped: 0 });
    assertAccounted(reporter.counters());
    // A test's process goes on.
    reporter = reporterOf(10_000);
  });

  it('are none where nothing can be written', () => {
    add(0, 10);
    expect(reporter.flushSync()).toBe(false);
    expect(reporter.counters()).toMatchObject({ inFlight: 0, buffered: 10 });
  });

  it('may be what was written before', async () => {
    api.onEnd = () => new Promise(() => undefined);
    add(0, 5);
    await clock.advance(500);
    expect(reporter.flushSync()).toBe(true);
    expect(reporter.counters()).toMatchObject({ inFlight: 5, buffered: 0 });
  });
});

describe('the calls of the agent itself', () => {
  it('are never traced, though the reporter was woken within a request', async () => {
    const { tracer } = tracing();
    const seen: unknown[] = [];
    api.onOpen = () => {
      seen.push(tracer.openExit('/collect', 'backend:11800'));
      return Promise.resolve(ok(undefined));
    };
    api.onEnd = () => {
      seen.push(tracer.openExit('/collect', 'backend:11800'));
      return Promise.resolve(ok(undefined));
    };
    context.run(tracer.openEntry('/')!, () => add(0, 256));
    await clock.advance(500);
    expect(seen).toEqual([undefined, undefined]);
  });
});
