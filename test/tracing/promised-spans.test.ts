import { Layer, SpanType } from '../../src/model/components';
import { Segment } from '../../src/model/segment';
import { FakeClock } from '../support/fake-clock';
import { tagsOf, tracing } from '../support/tracing';

const promised = { isPromised: true } as const;

function shapeOf(segment: Segment | undefined): unknown {
  return segment?.spans.map((span) => [span.operationName, span.spanId, span.parentSpanId]);
}

describe('a span that others have promised to end, and never do', () => {
  it('does not hold back its segment longer than 10 s after the last of the other spans has ended', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    tracer.openExit('cursor', 'db:5432', entry, promised);
    await clock.advance(60_000);
    tracer.end(entry);
    await clock.advance(9_999);
    expect(segments).toHaveLength(0);
    await clock.advance(1);
    expect(segments.map(shapeOf)).toEqual([[['/', 0, -1]]]);
  });

  it('waits as long as another span of the segment is open', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    tracer.openLocal('forgotten', entry, promised);
    tracer.end(tracer.openLocal('done', entry, promised)!);
    await clock.advance(60_000);
    expect(segments).toHaveLength(0);
    tracer.end(entry);
    await clock.advance(10_000);
    expect(segments.map(shapeOf)).toEqual([
      [
        ['done', 2, 0],
        ['/', 0, -1],
      ],
    ]);
  });

  it('waits anew when other work began in the segment meanwhile', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    tracer.openLocal('forgotten', entry, promised);
    tracer.end(entry);
    await clock.advance(5_000);
    const late = tracer.openLocal('late', entry)!;
    await clock.advance(30_000);
    expect(segments).toHaveLength(0);
    tracer.end(late);
    await clock.advance(10_000);
    expect(segments).toHaveLength(1);
  });

  it('leaves its children under the nearest span that is sent', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const outer = tracer.openLocal('outer', entry, promised)!;
    const inner = tracer.openLocal('inner', outer, promised)!;
    tracer.end(tracer.openLocal('leaf', inner, promised)!);
    tracer.end(entry);
    await clock.advance(10_000);
    expect(segments.map(shapeOf)).toEqual([
      [
        ['leaf', 3, 0],
        ['/', 0, -1],
      ],
    ]);
  });

  it('is a segment of its own in the same trace when it ends after all', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const cursor = tracer.openExit('cursor', 'db:5432', entry, promised)!;
    const stream = tracer.openExit('stream', 'db:5432', entry, promised)!;
    tracer.end(entry);
    await clock.advance(10_000);
    tracer.end(cursor);
    tracer.end(stream);
    tracer.end(cursor);
    expect(segments.map(shapeOf)).toEqual([[['/', 0, -1]], [['cursor', 0, -1]], [['stream', 0, -1]]]);
    expect(new Set(segments.map(({ traceId }) => String(traceId))).size).toBe(1);
    expect(new Set(segments.map(({ segmentId }) => String(segmentId))).size).toBe(3);
    expect(cursor.endTime - cursor.startTime).toBe(10_000);
  });

  it('begins a segment of the same trace for what is done within it after it was left behind', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const cursor = tracer.openLocal('cursor', entry, promised)!;
    tracer.end(entry);
    await clock.advance(10_000);
    tracer.end(tracer.openExit('/row', 'a:80', cursor)!);
    expect(segments.map(shapeOf)).toEqual([[['/', 0, -1]], [['/row', 0, -1]]]);
    expect(segments[1]!.traceId).toBe(segments[0]!.traceId);
  });

  it('gives a segment that it began itself as long as any other has, since its work may go on', async () => {
    const { tracer, segments, clock } = tracing();
    const job = tracer.openLocal('job', undefined, promised)!;
    tracer.end(tracer.openExit('/a', 'a:80', job, promised)!);
    await clock.advance(200_000);
    expect(segments).toHaveLength(0);
    await clock.advance(100_001);
    expect(segments.map(shapeOf)).toEqual([
      [
        ['/a', 1, 0],
        ['job', 0, -1],
      ],
    ]);
    expect(tagsOf(job)).toEqual({ unfinished: 'true' });
    tracer.end(job);
    expect(segments).toHaveLength(1);
  });

  it('is waited for no longer by a segment that comes while one waits that it began itself', async () => {
    const { tracer, segments, clock } = tracing();
    const job = tracer.openLocal('job', undefined, promised)!;
    tracer.end(tracer.openExit('/a', 'a:80', job, promised)!);
    await clock.advance(20_000);
    const entry = tracer.openEntry('/')!;
    tracer.openExit('cursor', 'db:5432', entry, promised);
    tracer.end(entry);
    await clock.advance(10_000);
    expect(segments.map(shapeOf)).toEqual([[['/', 0, -1]]]);
  });

  it('holds a segment that it began itself no longer than others, where that has come to wait shortly before', async () => {
    const { tracer, segments, clock } = tracing();
    const job = tracer.openLocal('job', undefined, promised)!;
    const call = tracer.openExit('/a', 'a:80', job, promised)!;
    await clock.advance(295_000);
    tracer.end(call);
    await clock.advance(4_999);
    expect(segments).toHaveLength(0);
    await clock.advance(1);
    expect(segments).toHaveLength(1);
  });

  it('is sent without at once when the process ends', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    tracer.openLocal('forgotten', entry, promised);
    tracer.end(entry);
    tracer.sendLingering();
    tracer.sendLingering();
    expect(segments.map(shapeOf)).toEqual([[['/', 0, -1]]]);
    await clock.advance(60_000);
    expect(segments).toHaveLength(1);
  });

  it('makes no difference when it is ended in time', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const query = tracer.openExit('query', 'db:5432', entry, promised)!;
    tracer.end(entry);
    await clock.advance(9_000);
    tracer.end(query);
    await clock.advance(60_000);
    expect(segments.map(shapeOf)).toEqual([
      [
        ['/', 0, -1],
        ['query', 1, 0],
      ],
    ]);
  });

  it('lets at most 10,000 segments wait, and sends the oldest of more', () => {
    const { tracer, segments } = tracing();
    for (let n = 0; n <= 10_000; n++) {
      const entry = tracer.openEntry(`/${n}`)!;
      tracer.openLocal('forgotten', entry, promised);
      tracer.end(entry);
    }
    expect(segments.map(shapeOf)).toEqual([[['/0', 0, -1]]]);
  });

  it('is looked for four times a second at most, however many segments wait for one', async () => {
    const clock = new FakeClock();
    const timers = jest.spyOn(clock, 'after');
    // That takes timers of its own.
    const copying = jest.spyOn(Segment.prototype, 'ownTexts').mockReturnValue(0);
    const { tracer, segments } = tracing({ clock });
    for (let n = 0; n < 1_000; n++) {
      const entry = tracer.openEntry('/')!;
      tracer.openLocal('forgotten', entry, promised);
      tracer.end(entry);
      await clock.advance(1);
    }
    await clock.advance(10_250);
    expect(segments).toHaveLength(1_000);
    expect(timers.mock.calls.length).toBeLessThan(10);
    copying.mockRestore();
  });

  it('is told of once while any segment waits for it', () => {
    const onLingering = jest.fn();
    const { tracer } = tracing({ onLingering });
    for (let n = 0; n < 2; n++) {
      const entry = tracer.openEntry('/')!;
      tracer.openLocal('forgotten', entry, promised);
      expect(onLingering).toHaveBeenCalledTimes(n);
      tracer.end(entry);
      expect(onLingering).toHaveBeenCalledTimes(1);
    }
  });
});

describe('a span that nobody has promised to end, still open when its request is over', () => {
  const MINUTE = 60_000;

  it('does not hold back the segment longer than any lasts, with all else that has ended in it', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const hung = tracer.openExit('query', 'db:5432', entry)!;
    const within = tracer.openLocal('row', hung)!;
    tracer.end(tracer.openExit('/a', 'a:80', within)!);
    tracer.end(within);
    await clock.advance(MINUTE);
    tracer.end(entry);
    await clock.advance(MINUTE);
    tracer.end(tracer.openLocal('later', entry)!);
    await clock.advance(3 * MINUTE - 1);
    expect(segments).toHaveLength(0);
    await clock.advance(1);
    expect(segments.map(shapeOf)).toEqual([
      [
        ['/a', 3, 2],
        ['row', 2, 0],
        ['/', 0, -1],
        ['later', 4, 0],
      ],
    ]);
  });

  it('is waited for 10 s at least, however long the request was open', async () => {
    const { tracer, segments, clock } = tracing();
    const stream = tracer.openEntry('/events')!;
    tracer.openExit('cursor', 'db:5432', stream);
    await clock.advance(6 * MINUTE);
    tracer.end(stream);
    await clock.advance(9_999);
    expect(segments).toHaveLength(0);
    await clock.advance(1);
    expect(segments.map(shapeOf)).toEqual([[['/events', 0, -1]]]);
  });

  it('is part of its request where that was answered before, as a job is, and ends in time', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const job = tracer.openLocal('job', entry)!;
    tracer.end(entry);
    for (let n = 0; n < 4; n++) {
      await clock.advance(MINUTE);
      tracer.end(tracer.openExit(`/${n}`, 'a:80', job, n % 2 === 0 ? promised : undefined)!);
    }
    expect(segments).toHaveLength(0);
    tracer.end(job);
    expect(segments.map(shapeOf)).toEqual([
      [['/', 0, -1], ...[0, 1, 2, 3].map((n) => [`/${n}`, n + 2, 1]), ['job', 1, 0]],
    ]);
    await clock.advance(10 * MINUTE);
    expect(segments).toHaveLength(1);
  });

  it('is a segment of its own in the same trace when it ends later', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const hung = tracer.openExit('query', 'db:5432', entry)!;
    tracer.end(entry);
    await clock.advance(7 * MINUTE);
    tracer.end(hung);
    expect(segments.map(shapeOf)).toEqual([[['/', 0, -1]], [['query', 0, -1]]]);
    expect(segments[1]!.traceId).toBe(segments[0]!.traceId);
    expect(hung.endTime - hung.startTime).toBe(7 * MINUTE);
  });

  it('counts what is split off from it, before its segment has gone without it and afterwards', async () => {
    const { tracer, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const job = tracer.openLocal('job', entry)!;
    tracer.end(entry);
    await clock.advance(5 * MINUTE + 1);
    for (let n = 1; n <= 3; n++) {
      tracer.end(tracer.openExit('/a', 'a:80', job)!);
      expect(tracer.leftOut.splitSegments).toBe(n);
      await clock.advance(MINUTE);
    }
    tracer.end(job);
    tracer.end(tracer.openExit('/a', 'a:80', job)!);
    expect(tracer.leftOut.splitSegments).toBe(3);
  });

  it('is waited for as long as the request is being answered', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    tracer.openExit('query', 'db:5432', entry);
    tracer.openExit('cursor', 'db:5432', entry, promised);
    await clock.advance(10 * MINUTE);
    tracer.sendLingering();
    expect(segments).toHaveLength(0);
    expect(entry.endTime).toBe(0);
  });

  it('is not waited for when the process ends', async () => {
    const onLingering = jest.fn();
    const { tracer, segments, clock } = tracing({ onLingering });
    const entry = tracer.openEntry('/')!;
    tracer.openExit('query', 'db:5432', entry);
    tracer.openExit('cursor', 'db:5432', entry, promised);
    tracer.end(entry);
    expect(onLingering).toHaveBeenCalledTimes(1);
    tracer.sendLingering();
    expect(segments.map(shapeOf)).toEqual([[['/', 0, -1]]]);
    await clock.advance(10 * MINUTE);
    expect(segments).toHaveLength(1);
  });

  it('leaves nothing behind where it ends in time', async () => {
    const clock = new FakeClock();
    const { tracer, segments } = tracing({ clock });
    const timers = jest.spyOn(clock, 'after');
    for (let n = 0; n < 20_000; n++) {
      const entry = tracer.openEntry('/')!;
      const call = tracer.openExit('/a', 'a:80', entry)!;
      tracer.end(entry);
      tracer.end(call);
      expect(entry.segment.isLingering).toBe(false);
    }
    expect(segments.every(({ spans }) => spans.length === 2)).toBe(true);
    expect(segments).toHaveLength(20_000);
    expect(timers.mock.calls.length).toBeLessThan(5);
    const last = tracer.openEntry('/')!;
    tracer.openExit('/a', 'a:80', last);
    tracer.end(last);
    expect(last.segment.isLingering).toBe(true);
  });
});

describe('an exit within an exit', () => {
  it('is the one that counts: the outer becomes local, also where something local lies between', () => {
    const { tracer } = tracing();
    const entry = tracer.openEntry('/')!;
    const outer = tracer.openExit('PutItem', 'aws-api', entry, promised)!;
    outer.layer = Layer.rpcFramework;
    const between = tracer.openLocal('sign', outer, promised)!;
    const inner = tracer.openExit('/', 'dynamodb:443', between)!;
    inner.layer = Layer.http;
    for (const span of [inner, between, outer, entry]) tracer.end(span);
    expect([outer.type, outer.layer, outer.peer]).toEqual([SpanType.local, Layer.unknown, '']);
    expect([inner.type, inner.layer, inner.peer]).toEqual([SpanType.exit, Layer.http, 'dynamodb:443']);
  });

  it('leaves an exit beside it alone, and one that has ended', () => {
    const { tracer } = tracing();
    const entry = tracer.openEntry('/')!;
    const ended = tracer.openExit('one', 'a:1', entry, promised)!;
    tracer.end(ended);
    const beside = tracer.openExit('two', 'a:1', entry, promised)!;
    tracer.openExit('three', 'a:1', entry, promised);
    expect([ended.type, beside.type]).toEqual([SpanType.exit, SpanType.exit]);
  });
});

describe('an exit within very many spans', () => {
  it('looks at each of them a few times', () => {
    const depth = 1_000;
    const { tracer } = tracing({ maxSpansPerSegment: depth + 2 });
    let looks = 0;
    let span = tracer.openEntry('/')!;
    for (let n = 0; n < depth; n++) {
      span = tracer.openLocal('within', span, promised)!;
      const { spanId } = span;
      Object.defineProperty(span, 'spanId', { get: () => (looks++, spanId) });
    }
    expect(tracer.openExit('query', 'db:5432', span, promised)).toBeDefined();
    expect(looks).toBeLessThan(4 * depth);
  });
});

describe('what is reported of a segment that waits for very many spans', () => {
  const COUNT = 200;
  const value = 'as long as a part of a large text';

  /** All of these but the request are open. */
  function requestOfMany() {
    const all = tracing({ maxSpansPerSegment: COUNT + 1 });
    const entry = all.tracer.openEntry('/')!;
    const opened = Array.from({ length: COUNT }, () => all.tracer.openLocal('many', entry, promised)!);
    for (const span of opened) all.tracer.details.tag(span, 'tag', value);
    const copies = jest.spyOn(Buffer, 'from');
    all.tracer.end(entry);
    return { ...all, opened, copies };
  }

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is not copied where they end soon', async () => {
    const { tracer, opened, segments, clock, copies } = requestOfMany();
    for (const span of opened) {
      await clock.advance(1);
      tracer.end(span);
    }
    await clock.advance(5_000);
    expect(segments).toHaveLength(1);
    expect(copies).not.toHaveBeenCalled();
  });

  it('is copied at most twice where they end one by one, open and ended', async () => {
    const { tracer, opened, segments, clock, copies } = requestOfMany();
    for (const span of opened) {
      await clock.advance(1_000);
      tracer.end(span);
    }
    expect(segments).toHaveLength(1);
    expect(copies.mock.calls.length).toBeGreaterThanOrEqual(COUNT);
    expect(copies.mock.calls.length).toBeLessThanOrEqual(2 * COUNT);
    expect(segments[0]!.spans.slice(1).map(tagsOf)).toEqual(Array(COUNT).fill({ tag: value }));
  });
});

describe('a layer without a peer', () => {
  it.each([Layer.database, Layer.cache, Layer.mq, Layer.rpcFramework])(
    'is taken off a span that is no entry, since the backend would take it for a service without a name: %d',
    (layer) => {
      const { tracer } = tracing();
      const exit = tracer.openExit('query', '')!;
      const local = tracer.openLocal('query', exit)!;
      const entry = tracer.openEntry('consume')!;
      for (const span of [exit, local, entry]) {
        span.layer = layer;
        tracer.end(span);
      }
      expect([exit.layer, local.layer, entry.layer]).toEqual([Layer.unknown, Layer.unknown, layer]);
    },
  );
});
