import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { context, type Scope, untraced } from '../../src/tracing/context';
import { currentTrace } from '../../src/tracing/current-trace';
import { SpanType } from '../../src/model/components';
import { parseSw8 } from '../../src/protocol/v3/sw8/carrier';
import type { UnrecordedTrace } from '../../src/tracing/sampling/unrecorded-trace';
import type { FakeClock } from '../support/fake-clock';
import { logsOf, tagsOf, tracing, type Tracing } from '../support/tracing';
import { transpile } from '../support/transpile';
import { type Segment, Span } from '../../src/model/segment';
import type { Tracer } from '../../src/tracing/tracer';

const modules = transpile(['api', 'base', 'model', 'tracing']);

function shapeOf(segment: Segment | undefined): unknown {
  return segment?.spans.map((span) => [span.operationName, span.spanId, span.parentSpanId, span.type]);
}

describe('a segment', () => {
  it('goes to the sink when its last open span ends, not before', async () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/orders')!;
    const exit = tracer.openExit('/stock', 'stock:80', entry)!;
    await clock.advance(5);
    tracer.end(entry);
    expect(segments).toHaveLength(0);
    await clock.advance(5);
    tracer.end(exit);
    expect(segments).toHaveLength(1);
    expect(shapeOf(segments[0])).toEqual([
      ['/orders', 0, -1, SpanType.entry],
      ['/stock', 1, 0, SpanType.exit],
    ]);
    expect([entry.endTime - entry.startTime, exit.endTime - exit.startTime]).toEqual([5, 10]);
    expect(exit.peer).toBe('stock:80');
  });

  it('is handed over once, even if a span is ended twice', () => {
    const { tracer, segments } = tracing();
    const entry = tracer.openEntry('/')!;
    const local = tracer.openLocal('work', entry)!;
    tracer.end(local);
    tracer.end(local);
    expect(segments).toHaveLength(0);
    tracer.end(entry);
    tracer.end(entry);
    expect(segments).toHaveLength(1);
    expect(segments[0]!.spans).toHaveLength(2);
  });

  it('is left as a call from the cluster of this process, where one is configured', () => {
    const { tracer, spans } = tracing({ cluster: 'eu' });
    tracer.end(tracer.openExit('/a', 'a:80')!);
    expect(spans()[0]).toMatchObject({ peer: 'eu/a:80' });
  });

  it('takes its parent from the scope', () => {
    const { tracer, segments } = tracing();
    const entry = tracer.openEntry('/')!;
    context.run(entry, () => {
      const local = tracer.openLocal('work')!;
      context.run(local, () => tracer.end(tracer.openExit('/a', 'a:80')!));
      tracer.end(local);
    });
    tracer.end(entry);
    expect(shapeOf(segments[0])).toEqual([
      ['/a', 2, 1, SpanType.exit],
      ['work', 1, 0, SpanType.local],
      ['/', 0, -1, SpanType.entry],
    ]);
  });

  it('that is closed takes nothing more: what a timer does after the response is a new segment of the same trace', () => {
    const { tracer, segments } = tracing();
    const entry = tracer.openEntry('/')!;
    tracer.end(entry);
    const late = tracer.openExit('/late', 'a:80', entry)!;
    tracer.end(late);
    expect(segments).toHaveLength(2);
    expect(segments[0]!.spans).toEqual([entry]);
    expect(shapeOf(segments[1])).toEqual([['/late', 0, -1, SpanType.exit]]);
    expect(segments[1]!.traceId).toBe(segments[0]!.traceId);
    expect(String(segments[1]!.segmentId)).not.toBe(String(segments[0]!.segmentId));
    expect(late.refs).toBeUndefined();
  });

  it('is of a trace of its own for a call outside of any request', () => {
    const { tracer, segments } = tracing();
    tracer.end(tracer.openExit('/a', 'a:80')!);
    tracer.end(tracer.openExit('/b', 'b:80')!);
    expect(segments).toHaveLength(2);
    expect(String(segments[0]!.traceId)).not.toBe(String(segments[1]!.traceId));
  });

  it('holds a bounded number of spans; what is over is counted, and the segment says that it is not whole', () => {
    const { tracer, segments } = tracing({ maxSpansPerSegment: 3 });
    const entry = tracer.openEntry('/')!;
    const opened = Array.from({ length: 5 }, (_, n) => tracer.openLocal(`step ${n}`, entry));
    expect(opened.map(Boolean)).toEqual([true, true, false, false, false]);
    for (const span of opened) if (span) tracer.end(span);
    tracer.end(entry);
    expect(segments[0]!.spans).toHaveLength(3);
    expect(segments[0]!.isSizeLimited).toBe(true);
    expect(tracer.leftOut.droppedSpans).toBe(3);
  });

  it('is not called incomplete when it is not', () => {
    const { tracer, segments } = tracing({ maxSpansPerSegment: 2 });
    const entry = tracer.openEntry('/')!;
    tracer.end(tracer.openLocal('step', entry)!);
    tracer.end(entry);
    expect(segments[0]!.isSizeLimited).toBe(false);
  });
});

describe('a span with explicit times', () => {
  const startTime = 1_700_000_000_000;

  it.each([
    ['an entry', (tracer: Tracer) => tracer.openEntry('orders', undefined, true, { startTime })],
    ['an exit', (tracer: Tracer) => tracer.openExit('orders', 'kafka:9092', undefined, { startTime })],
    ['a local one', (tracer: Tracer) => tracer.openLocal('orders', undefined, { startTime })],
  ] as const)('begins and ends when the caller says, as %s', (_kind, open) => {
    const { tracer, segments } = tracing();
    tracer.end(open(tracer)!, startTime + 5);
    expect(segments[0]!.spans).toEqual([expect.objectContaining({ startTime, endTime: startTime + 5 })]);
  });

  it('begins when the caller says as a child, and its age does not split the segment', () => {
    const { tracer, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    const earlier = clock.now() - 3_600_000;
    const old = tracer.openLocal('cached', entry, { startTime: earlier })!;
    expect([old.startTime, old.segment]).toEqual([earlier, entry.segment]);
    const root = tracer.openEntry('/', undefined, true, { startTime: earlier })!;
    expect(tracer.openLocal('work', root)!.segment).toBe(root.segment);
  });

  it('begins in the segment that goes on after the first has ended when the caller says', () => {
    const { tracer } = tracing();
    const entry = tracer.openEntry('/')!;
    tracer.end(entry);
    expect(tracer.openLocal('late', entry, { startTime })!.startTime).toBe(startTime);
  });

  it('ends no earlier than it begins', () => {
    const { tracer } = tracing();
    const span = tracer.openEntry('/', undefined, true, { startTime })!;
    tracer.end(span, startTime - 1);
    expect(span.endTime).toBe(startTime);
  });

  it('has whole milliseconds', () => {
    const { tracer } = tracing();
    const span = tracer.openEntry('/', undefined, true, { startTime: startTime + 0.75 })!;
    tracer.end(span, startTime + 1.5);
    expect([span.startTime, span.endTime]).toEqual([startTime, startTime + 1]);
  });

  it.each([NaN, Infinity, -Infinity, -1, 0, 0.5, 1e300])('begins and ends now when the time is %d', (time) => {
    const { tracer, clock, segments } = tracing();
    const span = tracer.openEntry('/', undefined, true, { startTime: time })!;
    tracer.end(span, time);
    tracer.end(span, time);
    expect([span.startTime, span.endTime, segments.length]).toEqual([clock.now(), clock.now(), 1]);
  });
});

describe('a segment that has been open for long', () => {
  const MINUTE = 60_000;

  it('takes no more spans: what an event stream does then is sent at once, as a trace of its own, and counted', async () => {
    const { tracer, segments, clock } = tracing();
    const stream = tracer.openEntry('/events')!;
    tracer.end(tracer.openExit('/early', 'a:80', stream)!);
    await clock.advance(5 * MINUTE);
    tracer.end(tracer.openExit('/in-time', 'a:80', stream)!);
    expect(segments).toHaveLength(0);
    await clock.advance(1);
    tracer.end(tracer.openExit('/late', 'a:80', stream)!);
    expect(segments.map(shapeOf)).toEqual([[['/late', 0, -1, SpanType.exit]]]);
    expect(String(segments[0]!.traceId)).not.toBe(String(stream.segment.traceId));
    expect(segments[0]!.entry).toBeUndefined();
    expect(tracer.leftOut).toMatchObject({ droppedSpans: 0, droppedAttributes: 0, splitSegments: 1 });
    tracer.end(stream);
    expect(shapeOf(segments[1])).toEqual([
      ['/early', 1, 0, SpanType.exit],
      ['/in-time', 2, 0, SpanType.exit],
      ['/events', 0, -1, SpanType.entry],
    ]);
  });

  it('holds no more than before, however long the stream lasts, and each of its turns is whole', async () => {
    const { tracer, segments, clock } = tracing({ maxSpansPerSegment: 50 });
    const stream = tracer.openEntry('/events')!;
    await context.run(stream, async () => {
      for (let turn = 0; turn < 30; turn++) {
        await clock.advance(MINUTE);
        tracer.trace('turn', () => tracer.end(tracer.openExit('/a', 'a:80')!));
      }
    });
    tracer.end(stream);
    expect(segments.map(({ spans }) => spans.length)).toEqual([...Array<number>(25).fill(2), 11]);
    expect(tracer.leftOut).toMatchObject({ droppedSpans: 0, droppedAttributes: 0, splitSegments: 25 });
    expect(new Set(segments.map(({ traceId }) => String(traceId))).size).toBe(26);
  });

  it('and is closed has no more segments in its trace, though a timer starts the next one again and again', async () => {
    const { tracer, segments, clock } = tracing();
    let scope = tracer.openEntry('/')!;
    tracer.end(scope);
    for (let turn = 1; turn <= 7; turn++) {
      await clock.advance(MINUTE);
      scope = tracer.openLocal(`turn ${turn}`, scope)!;
      tracer.end(scope);
    }
    const traces = [...new Set(segments.map(({ traceId }) => String(traceId)))];
    expect(segments.map(({ traceId }) => traces.indexOf(String(traceId)))).toEqual([0, 0, 0, 0, 0, 0, 1, 1]);
    expect(tracer.leftOut.splitSegments).toBe(0);
  });

  it('is told by its own age: what began anew within it is young', async () => {
    const { tracer, segments, clock } = tracing({ maxSegmentAgeMs: 100 });
    const stream = tracer.openEntry('/events')!;
    await clock.advance(150);
    const turn = tracer.openLocal('turn', stream)!;
    await clock.advance(60);
    tracer.end(tracer.openExit('/a', 'a:80', turn)!);
    tracer.end(turn);
    expect(shapeOf(segments[0])).toEqual([
      ['/a', 1, 0, SpanType.exit],
      ['turn', 0, -1, SpanType.local],
    ]);
  });

  it('is not taken for old since the wall clock was set back', () => {
    const { tracer, segments, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    clock.shift(-3_600_000);
    tracer.end(tracer.openLocal('work', entry)!);
    tracer.end(entry);
    expect(segments).toHaveLength(1);
  });
});

describe('what a request has begun and goes on long after it', () => {
  const MINUTE = 60_000;
  const SW8 = '1-My40LjU=-MS4yLjM=-4-c2VydmljZQ==-aW5zdGFuY2U=-L2FwcA==-MTI3LjAuMC4xOjgwODA=';
  const names = () => ({ protocol: 'v3', service: 'orders', instance: 'orders-1', endpoint: String }) as const;

  /** The headers of a call that is made there, and whether it is recorded. */
  function call({ tracer }: Pick<Tracing<FakeClock>, 'tracer'>, scope: Scope): Record<string, string> {
    return context.run(scope, () => {
      const headers: Record<string, string> = {};
      const set = (_: object, name: string, value: string): void => void (headers[name] = value);
      const span = tracer.openExit('/stock', 'stock:80');
      const exit = span ? undefined : tracer.unrecordedExit('/stock', 'stock:80');
      if (span) tracer.inject(span, headers, set);
      if (exit) tracer.injectUnrecorded(exit, headers, set);
      if (span) tracer.end(span);
      return headers;
    });
  }

  const BESIDE = { 'sw8-correlation': 'd2hv:c3RyYW5nZXI=', 'sw8-x': '1- ' };

  /** What is not recorded since its caller says so, or would say so if it were believed. */
  function unrecorded({ tracer }: Pick<Tracing<FakeClock>, 'tracer'>, isTrusted = true): UnrecordedTrace {
    const trace = tracer.unrecorded('/a.css', { sw8: SW8.replace('1-', '0-'), ...BESIDE }, isTrusted);
    trace.method = 'GET';
    return trace;
  }

  it('is not bound for ever by the request that was not recorded', async () => {
    const made = tracing({ names });
    const trace = unrecorded(made);
    trace.end();
    expect(parseSw8(call(made, trace)['sw8'])).toMatchObject({ isSampled: false });
    await made.clock.advance(5 * MINUTE);
    expect(parseSw8(call(made, trace)['sw8'])).toMatchObject({ isSampled: false });
    await made.clock.advance(1);
    const sw8 = parseSw8(call(made, trace)['sw8'])!;
    expect([sw8.isSampled, String(sw8.traceId)]).toEqual([true, String(made.segments[0]!.traceId)]);
    expect(String(sw8.traceId)).not.toBe('3.4.5');
  });

  it('is the work of a request that is not recorded as long as that lasts', async () => {
    const made = tracing({ names });
    const trace = unrecorded(made);
    await made.clock.advance(6 * MINUTE);
    expect(parseSw8(call(made, trace)['sw8'])).toMatchObject({ isSampled: false });
  });

  it('is not sampled or sampled anew, as a whole', async () => {
    const made = tracing({ names, sampleRate: 0 });
    const { tracer } = made;
    const trace = unrecorded(made);
    trace.end();
    await made.clock.advance(6 * MINUTE);
    const ids = context.run(trace, () =>
      tracer.trace('turn', () => {
        tracer.setSampleRate(1);
        const { sw8 } = call(made, context.getStore()!);
        return [currentTrace.id(), String(parseSw8(sw8)!.traceId)];
      }),
    );
    expect(ids[0]).not.toBe('3.4.5');
    expect(ids[1]).toBe(ids[0]);
    expect(made.segments).toEqual([]);
    context.run(trace, () => tracer.trace('turn', () => undefined));
    expect(made.spans().map(({ operationName }) => operationName)).toEqual(['turn']);
    tracer.setSampleRate(0);
    const late = parseSw8(call(made, trace)['sw8'])!;
    expect([late.isSampled, String(late.traceId)]).toEqual([false, expect.not.stringMatching(/^3\.4\.5$/)]);
  });

  it('is sampled anew again and again, also where each of its turns has begun in the one before', async () => {
    const { tracer, spans, clock } = tracing({ names, sampleRate: 0 });
    const trace = unrecorded({ tracer });
    trace.end();
    let scope: Scope = trace;
    for (let turn = 1; turn <= 3; turn++) {
      await clock.advance(6 * MINUTE);
      if (turn === 3) tracer.setSampleRate(1);
      context.run(scope, () => tracer.trace(`turn ${turn}`, () => (scope = context.getStore()!)));
    }
    expect(spans().map(({ operationName }) => operationName)).toEqual(['turn 3']);
  });

  it('goes on with what the application has put beside the trace, and not with what its caller has', async () => {
    const made = tracing({ names });
    const trace = unrecorded(made);
    trace.end();
    expect(call(made, trace)).toMatchObject({ 'sw8-correlation': BESIDE['sw8-correlation'] });
    await made.clock.advance(6 * MINUTE);
    expect(call(made, trace)).toEqual({ sw8: expect.stringMatching(/^1-/) });
    context.run(trace, () => currentTrace.correlate('who', 'us'));
    expect(call(made, trace)).toMatchObject({ 'sw8-correlation': 'd2hv:dXM=' });
    made.tracer.setSampleRate(0);
    const late = context.run(trace, () => made.tracer.trace('turn', () => call(made, context.getStore()!)));
    expect(late).toMatchObject({ sw8: expect.stringMatching(/^0-/), 'sw8-correlation': 'd2hv:dXM=' });
  });

  it('is sampled anew where the request was recorded, and its caller puts nothing beside it any longer', async () => {
    const made = tracing({ names, sampleRate: 0 });
    const { tracer, segments, clock } = made;
    const entry = tracer.openEntry('/', { sw8: SW8, ...BESIDE })!;
    tracer.end(entry);
    await clock.advance(5 * MINUTE);
    expect(call(made, entry)).toEqual({ sw8: expect.stringMatching(/^1-My40LjU=-/), ...BESIDE });
    await clock.advance(1);
    const { sw8 } = call(made, entry);
    expect(parseSw8(sw8)).toMatchObject({ isSampled: false });
    expect(segments).toHaveLength(2);
    tracer.setSampleRate(1);
    expect(call(made, entry)).toEqual({ sw8: expect.stringMatching(/^1-/) });
    const late = segments[2]!;
    expect(late).toMatchObject({ skipsAnalysis: false, correlation: undefined, carrier: entry.segment.carrier });
    expect(late.carrier).toBeDefined();
    expect(new Set([entry.segment.traceId, parseSw8(sw8)!.traceId, late.traceId].map(String)).size).toBe(3);
    tracer.pause();
    expect(call(made, entry)).toEqual({});
  });

  it('is sampled anew where the request was recorded, as a whole', async () => {
    const made = tracing({ names, sampleRate: 0 });
    const { tracer, segments, clock } = made;
    const entry = tracer.openEntry('/', { sw8: SW8, ...BESIDE })!;
    await clock.advance(6 * MINUTE);
    const ids = context.run(entry, () =>
      tracer.trace('turn', () => {
        tracer.setSampleRate(1);
        return [currentTrace.id(), String(parseSw8(call(made, context.getStore()!)['sw8'])!.traceId)];
      }),
    );
    expect(ids).toEqual([ids[1], expect.not.stringMatching(/^3\.4\.5$/)]);
    expect(segments).toHaveLength(0);
    // Of what is not recorded, no span was split off.
    expect(tracer.leftOut.splitSegments).toBe(0);
  });

  it('is sampled anew where segments of the request are kept back, since they are not sampled', async () => {
    const { tracer, segments, clock } = tracing({ names, keep: { errors: true } });
    const entry = tracer.openEntry('/', { sw8: SW8.replace('1-', '0-') })!;
    tracer.end(entry);
    await clock.advance(6 * MINUTE);
    context.run(entry, () => tracer.trace('turn', () => undefined));
    expect(segments.map(({ isSampled }) => isSampled)).toEqual([true]);
  });

  it.each(['recorded', 'not recorded'])(
    'goes on with the pairs alone that the application has put beside the trace: %s',
    async (way) => {
      const made = tracing({ names });
      const { tracer, clock } = made;
      const entry = way === 'recorded' ? tracer.openEntry('/', { sw8: SW8, ...BESIDE })! : unrecorded(made);
      const set = (key: string, value: string): boolean => context.run(entry, () => currentTrace.correlate(key, value));
      expect([set('tenant', 'us'), set('gone', 'soon'), set('gone', '')]).toEqual([true, true, true]);
      if (entry instanceof Span) tracer.end(entry);
      else entry.end();
      expect(call(made, entry)).toMatchObject({ 'sw8-correlation': `${BESIDE['sw8-correlation']},dGVuYW50:dXM=` });
      for (let turn = 0, scope: Scope = entry; turn < 2; turn++) {
        await clock.advance(6 * MINUTE);
        context.run(scope, () => tracer.trace('turn', () => (scope = context.getStore()!)));
        expect(call(made, scope)).toEqual({ sw8: expect.any(String), 'sw8-correlation': 'dGVuYW50:dXM=' });
      }
    },
  );

  it.each(['a message', 'a job'])('is sampled anew also within what is no request of HTTP: %s', async (what) => {
    const made = tracing({ names, sampleRate: 0 });
    const { tracer, clock, spans } = made;
    const begin = (): Scope =>
      what === 'a job'
        ? tracer.trace('job', () => context.getStore()!)
        : tracer.unrecorded('message', { sw8: SW8.replace('1-', '0-') });
    const scope = begin();
    await clock.advance(5 * MINUTE);
    tracer.setSampleRate(1);
    expect(parseSw8(call(made, scope)['sw8'])).toMatchObject({ isSampled: false });
    await clock.advance(1);
    expect(parseSw8(call(made, scope)['sw8'])).toMatchObject({ isSampled: true });
    expect(spans()).toHaveLength(1);
  });

  it('may be work that others are to end, and began earlier', async () => {
    const { tracer, clock, spans } = tracing();
    const entry = tracer.openEntry('/')!;
    tracer.end(entry);
    await clock.advance(6 * MINUTE);
    const startTime = clock.now() - 1_000;
    const late = tracer.openLocal('late', entry, { isPromised: true, startTime })!;
    expect(late.startTime).toBe(startTime);
    tracer.end(tracer.openLocal('part', late)!);
    await clock.advance(6 * MINUTE);
    expect(spans().map(({ operationName }) => operationName)).toEqual(['/', 'part', 'late']);
  });

  it('is over where it is not recorded, as its request is: turns of its intervals are in no trace', async () => {
    const { tracer, clock } = tracing({ sampleRate: 0 });
    const entry = tracer.openEntry('/', { sw8: SW8 })!;
    tracer.end(entry);
    await clock.advance(6 * MINUTE);
    expect(tracer.unrecordedAnew('turn', entry)).toMatchObject({ isOver: true });
  });

  it('knows which headers its request came with where that was recorded, and its caller is not believed', async () => {
    const { tracer, clock } = tracing({ names });
    const entry = tracer.openEntry('/', { sw8: SW8, ...BESIDE }, false)!;
    tracer.end(entry);
    const { foreign } = entry.segment;
    expect(foreign).toBeDefined();
    await clock.advance(6 * MINUTE);
    expect(tracer.openLocal('turn', entry)!.segment.foreign).toBe(foreign);
    tracer.setSampleRate(0);
    expect(tracer.unrecordedAnew('turn', entry)!.foreign).toBe(foreign);
  });

  it.each([true, false])('knows which headers its request came with: believed %p', async (isTrusted) => {
    const { tracer, clock } = tracing({ names });
    const trace = unrecorded({ tracer }, isTrusted);
    trace.end();
    await clock.advance(6 * MINUTE);
    for (const isRecorded of [true, false]) {
      tracer.setSampleRate(Number(isRecorded));
      const { carrier, foreign } = isRecorded
        ? tracer.openLocal('turn', trace)!.segment
        : tracer.unrecordedAnew('turn', trace)!;
      expect(foreign).toBe(isTrusted ? undefined : trace.foreign);
      if (isTrusted) expect(carrier).toBe(trace.carrier);
    }
    expect(isTrusted ? trace.carrier : trace.foreign).toBeDefined();
  });
});

describe('an entry span', () => {
  it('is no child of the scope it is opened in: a server started within a span does not serve for that span', () => {
    const { tracer, segments } = tracing();
    const boot = tracer.openLocal('boot')!;
    const entry = context.run(boot, () => tracer.openEntry('/'))!;
    tracer.end(entry);
    expect(segments[0]!.spans).toEqual([entry]);
    expect(entry.parentSpanId).toBe(-1);
    expect(String(entry.segment.traceId)).not.toBe(String(boot.segment.traceId));
  });

  it('takes another name until it ends', () => {
    const { tracer } = tracing();
    const entry = tracer.openEntry('/orders/7')!;
    tracer.rename(entry, '/orders/:id');
    tracer.end(entry);
    tracer.rename(entry, '/too-late');
    expect(entry.operationName).toBe('/orders/:id');
  });

  it('is named by whoever knows better, as late as can be, and lets go of them', () => {
    const { tracer, spans } = tracing();
    const entry = tracer.openEntry('/orders/7')!;
    let route: string | undefined = undefined;
    entry.naming = { resolve: () => route };
    route = '/orders/:id';
    tracer.end(entry);
    expect(spans()[0]!.operationName).toBe('/orders/:id');
    expect(entry.naming).toBeUndefined();
  });
});

describe('a span', () => {
  it('takes less than no time never, though the wall clock was set back', () => {
    const { tracer, clock } = tracing();
    const span = tracer.openLocal('work')!;
    clock.shift(-60_000);
    tracer.end(span);
    expect(span.endTime).toBe(span.startTime);
  });
});

describe('tracing', () => {
  it('that is paused opens nothing, and lets what is open end', () => {
    const { tracer, segments } = tracing();
    const before = tracer.openEntry('/before')!;
    tracer.pause();
    expect(tracer.openEntry('/paused')).toBeUndefined();
    expect(tracer.openExit('/paused', 'a:80', before)).toBeUndefined();
    expect(tracer.openLocal('paused')).toBeUndefined();
    tracer.end(before);
    expect(segments).toHaveLength(1);
    tracer.resume();
    expect(tracer.openEntry('/after')).toBeDefined();
  });

  it('is decided at the root: of an unsampled request, nothing is traced', () => {
    const { tracer, clock } = tracing({ sampleRate: 0.25 });
    clock.chance = 0.25;
    expect(tracer.openEntry('/')).toBeUndefined();
    expect(tracer.openExit('/', 'a:80', untraced)).toBeUndefined();
    clock.chance = 0.2499;
    const entry = tracer.openEntry('/')!;
    clock.chance = 0.99;
    expect(tracer.openExit('/', 'a:80', entry)).toBeDefined();
    expect(context.run(untraced, () => tracer.openExit('/', 'a:80'))).toBeUndefined();
    expect(context.run(untraced, () => tracer.openLocal('work'))).toBeUndefined();
  });

  it.each([
    [0, 0],
    [1, 1_000],
  ])('with a sample rate of %d takes %d of 1000', (sampleRate, expected) => {
    const { tracer, clock } = tracing({ sampleRate });
    const opened = Array.from({ length: 1_000 }, (_, n) => {
      clock.chance = n / 1_000;
      return tracer.openEntry('/');
    });
    expect(opened.filter(Boolean)).toHaveLength(expected);
  });
});

describe('trace(name, fn)', () => {
  it('is a local span around a function, and returns what that returns', () => {
    const { tracer, segments } = tracing();
    const result = tracer.trace('work', (span) => {
      span.tag('size', 7);
      return 'made';
    });
    expect(result).toBe('made');
    expect(shapeOf(segments[0])).toEqual([['work', 0, -1, SpanType.local]]);
    expect(tagsOf(segments[0]!.spans[0])).toEqual({ size: '7' });
  });

  it('rethrows the very error that is thrown, and marks the span', () => {
    const { tracer, spans } = tracing();
    const error = new Error('broken');
    expect(() => tracer.trace('work', () => { throw error; })).toThrow(error); // prettier-ignore
    expect(spans()[0]!.isError).toBe(true);
    expect(logsOf(spans()[0])[0]!.message).toBe('broken');
  });

  it('lasts as long as an async function does', async () => {
    const { tracer, spans, clock } = tracing();
    const done = tracer.trace('work', async (span) => {
      await new Promise<void>((resolve) => clock.after(30, resolve));
      span.tag('late', true);
      return 'made';
    });
    expect(spans()).toHaveLength(0);
    await clock.advance(50);
    await expect(done).resolves.toBe('made');
    expect(spans()[0]!.endTime - spans()[0]!.startTime).toBe(30);
    expect(tagsOf(spans()[0])).toEqual({ late: 'true' });
  });

  it('rejects with the very error of an async function, and marks the span', async () => {
    const { tracer, spans } = tracing();
    const error = new Error('broken');
    await expect(tracer.trace('work', async () => { throw error; })).rejects.toBe(error); // prettier-ignore
    expect(spans()[0]!.isError).toBe(true);
  });

  it('leaves an unhandled rejection unhandled, and a handled one handled', async () => {
    const run = promisify(execFile);
    const program = (handling: string) => `
      const { Tracer } = require('./tracing/tracer');
      const { IdGenerator } = require('./tracing/id-generator');
      const { systemClock: clock } = require('./base/clock');
      const tracer = new Tracer({ clock, ids: new IdGenerator(clock), sink: () => console.log('traced') });
      tracer.trace('work', async () => { throw new Error('no handler for this'); })${handling};`;
    const node = (handling: string) => run(process.execPath, ['-e', program(handling)], { cwd: modules });
    await expect(node('')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('no handler for this') });
    await expect(node('.catch(() => undefined)')).resolves.toEqual({ stdout: 'traced\n', stderr: '' });
  });

  it('leaves a promise that can do more than a promise as it is, such as a child process', async () => {
    const { tracer, spans } = tracing();
    class Query extends Promise<number> {}
    const query = new Query((resolve) => resolve(1));
    const child = Object.assign(Promise.resolve(2), { kill: () => 'killed' });
    expect(tracer.trace('query', () => query)).toBe(query);
    expect(tracer.trace('child', () => child).kill()).toBe('killed');
    expect(await Promise.all([query, child])).toEqual([1, 2]);
    await Promise.resolve();
    expect(spans().map(({ operationName }) => operationName)).toEqual(['query', 'child']);
  });

  it('does not start a query that only its own await starts', () => {
    const { tracer, spans } = tracing();
    let asked = 0;
    const builder = { then: () => (asked += 1) };
    expect(tracer.trace('query', () => builder)).toBe(builder);
    expect(asked).toBe(0);
    expect(spans()).toHaveLength(1);
  });

  it('survives a promise whose then is another thing', () => {
    const { tracer, spans } = tracing();
    const odd = Object.assign(Promise.resolve(1), { then: () => { throw new Error('no'); } }); // prettier-ignore
    expect(tracer.trace('odd', () => odd)).toBe(odd);
    expect(spans()).toHaveLength(1);
  });

  it('nests, and what it starts is its child', async () => {
    const { tracer, segments } = tracing();
    await tracer.trace('outer', async () => {
      await Promise.resolve();
      await tracer.trace('inner', async () => {
        await Promise.resolve();
        tracer.end(tracer.openExit('/a', 'a:80')!);
      });
    });
    expect(shapeOf(segments[0])).toEqual([
      ['/a', 2, 1, SpanType.exit],
      ['inner', 1, 0, SpanType.local],
      ['outer', 0, -1, SpanType.local],
    ]);
  });

  it('just runs the function where nothing is recorded, and nothing within it is', () => {
    const { tracer, segments, clock } = tracing({ sampleRate: 0.5 });
    const inner: unknown[] = [];
    const result = tracer.trace('work', (span) => {
      clock.chance = 0;
      span.tag('size', 7);
      inner.push(tracer.openExit('/a', 'a:80'), currentTrace.id());
      return 'made';
    });
    expect(result).toBe('made');
    expect(inner).toEqual([undefined, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    expect(segments).toHaveLength(0);
  });

  it('leaves the scope as it is where the segment is full', () => {
    const { tracer } = tracing({ maxSpansPerSegment: 1 });
    const entry = tracer.openEntry('/')!;
    context.run(entry, () => {
      expect(tracer.trace('work', () => currentTrace.id())).toBe(String(entry.segment.traceId));
    });
  });

  it('never merges what runs at the same time', async () => {
    const { tracer, segments } = tracing();
    const work = async (n: number): Promise<void> => {
      await tracer.trace(`work ${n}`, async () => {
        for (let step = 0; step < 5; step++) {
          await (n % 2 ? Promise.resolve() : new Promise(setImmediate));
          await tracer.trace(`step ${n}`, async (span) => {
            await new Promise(setImmediate);
            span.tag('n', n);
          });
        }
      });
    };
    await Promise.all(Array.from({ length: 100 }, (_, n) => work(n)));
    expect(segments).toHaveLength(100);
    for (const segment of segments) {
      const n = segment.spans.at(-1)!.operationName.slice('work '.length);
      const steps = segment.spans.slice(0, -1);
      expect(steps.map((span: Span) => [span.operationName, tagsOf(span).n])).toEqual(Array(5).fill([`step ${n}`, n]));
    }
    expect(new Set(segments.map(({ traceId }) => String(traceId))).size).toBe(100);
  });
});

describe('an exception that nothing catches', () => {
  it('ends the segment of the active span with the request, and without what else is open, where the process ends', () => {
    const { tracer, segments, spans } = tracing();
    const entry = tracer.openEntry('/orders')!;
    const exit = tracer.openExit('/stock', 'stock:80', entry)!;
    const local = tracer.openLocal('work', entry)!;
    context.run(local, () => tracer.failActive(new Error('broken'), true));
    expect(spans().map(({ operationName, isError }) => [operationName, isError])).toEqual([
      ['work', true],
      ['/orders', false],
    ]);
    tracer.end(exit);
    expect(segments).toHaveLength(2);
    expect(String(segments[1]!.traceId)).toBe(String(segments[0]!.traceId));
  });

  it('only marks the active span where the process goes on', () => {
    const { tracer, segments } = tracing();
    const entry = tracer.openEntry('/orders')!;
    context.run(entry, () => tracer.failActive(new Error('broken'), false));
    expect([entry.isError, entry.endTime, segments]).toEqual([true, 0, []]);
  });

  it('is a span of its own in the trace where the active one has ended', () => {
    const { tracer, segments } = tracing();
    const entry = tracer.openEntry('/orders')!;
    tracer.end(entry);
    context.run(entry, () => tracer.failActive(new Error('broken'), false));
    expect(segments.map(({ spans: [span] }) => [span!.operationName, span!.isError])).toEqual([
      ['/orders', false],
      ['uncaughtException', true],
    ]);
  });

  it('is of no trace outside of any, and where nothing is recorded', () => {
    const { tracer, segments } = tracing();
    context.run(untraced, () => tracer.failActive(new Error('broken'), true));
    context.run(tracer.unrecorded('/'), () => tracer.failActive(new Error('broken'), true));
    tracer.failActive(new Error('broken'), true);
    expect(segments).toEqual([]);
  });
});
