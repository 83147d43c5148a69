import { unbridge, api, bridged } from '../instrument/opentelemetry/fixture';
import { Log } from '../../src/base/log';
import { context } from '../../src/tracing/context';
import { ContextCarrier } from '../../src/compat/carrier';
import { ApplicationMeters } from '../../src/telemetry/application-meters';
import { manualSpans } from '../../src/tracing/manual/manual-spans';
import { FakeClock } from '../support/fake-clock';
import { logsOf, tracing } from '../support/tracing';
import type { MeterLabels } from '../../src/api/agent';

afterEach(unbridge);

function refuse(): never {
  throw new Error('refused');
}

const REFUSING = new Proxy({}, { get: refuse, ownKeys: refuse, getPrototypeOf: refuse, has: refuse });
const GETTER = Object.defineProperty({}, 'get', { get: refuse, enumerable: true });

/** As `express.raw()` and `JSON.parse` make them of a body. */
const BODIES: readonly (readonly [string, object])[] = [
  ['two million bytes', Buffer.alloc(2_000_000)],
  ['a list of two million numbers', new Array<number>(2_000_000).fill(1)],
];

/** Milliseconds of CPU. */
function cpuOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** The least of some: what is done for the first time takes its time, and so does the garbage of other tests. */
function leastCpuOf(work: () => unknown): number {
  return Math.min(...Array.from({ length: 4 }, () => cpuOf(work)));
}

function meters() {
  const warnings: string[] = [];
  const say = (line: string): void => void warnings.push(line);
  const own = new ApplicationMeters(new Log(new FakeClock(), { error: say, warn: say, info: say, debug: say }));
  return { own, warnings };
}

// To make a text of each of the keys takes half a second and more.
const MAX_MS = 100;

describe.each(BODIES)('a body of a caller, %s', (_title, body) => {
  it('costs a span of OpenTelemetry no more than the attributes, events and links that it shows', () => {
    const { tracer } = bridged();
    context.run(tracer.openEntry('/in')!, () => {
      const spent = leastCpuOf(() => {
        const span = api.trace.getTracer('t').startSpan('a', { attributes: body as never, links: body as never });
        span.setAttributes(body as never).addEvent('e', body as never);
        (span as unknown as { addLinks(links: unknown): void }).addLinks(body);
        span.end();
      });
      expect(spent).toBeLessThan(MAX_MS);
    });
  });

  it('costs a log of a span no more than the 32 entries that it shows', () => {
    const { tracer, spans } = tracing();
    const span = tracer.openLocal('work')!;
    expect(cpuOf(() => tracer.details.log(span, body as never))).toBeLessThan(MAX_MS);
    tracer.end(span);
    expect(logsOf(spans()[0])).toHaveLength(1);
    expect(Object.keys(logsOf(spans()[0])[0]!)).toHaveLength(32);
  });

  it('costs nothing as the carrier of a message, and holds no header', () => {
    const { tracer } = tracing();
    const spent = cpuOf(() => {
      manualSpans.entry(tracer, 'message', body as never, () => undefined);
      ContextCarrier.from(body as never);
    });
    expect(spent).toBeLessThan(MAX_MS);
  });

  it('costs a meter nothing as its labels, and is refused', () => {
    const { own, warnings } = meters();
    const labels = body as unknown as MeterLabels;
    const spent = cpuOf(() => {
      own.counter('counted', labels).increment();
      own.gauge('measured', labels).set(1);
      own.histogram('timed', labels).record(1);
    });
    expect(spent).toBeLessThan(MAX_MS);
    expect([own.sample(), warnings.length]).toEqual([[], 3]);
  });
});

describe('a text of a caller of two million characters', () => {
  it('is no labels of a meter', () => {
    const { own } = meters();
    const text = 'x'.repeat(2_000_000) as unknown as MeterLabels;
    expect(cpuOf(() => own.counter('counted', text).increment())).toBeLessThan(MAX_MS);
    expect(own.sample()).toEqual([]);
  });
});

describe('a meter', () => {
  it.each([
    ['a symbol', Symbol('a')],
    ['a bigint', 1n],
    ['an object that is no number', { valueOf: refuse }],
    ['an object without a prototype', Object.create(null)],
    ['a proxy that refuses all', REFUSING],
  ])('throws nothing into the application for what is no number, and stays as it is: %s', (_title, value) => {
    const { own } = meters();
    const [counter, gauge, histogram] = [own.counter('counted'), own.gauge('measured'), own.histogram('timed')];
    counter.increment(value as never);
    gauge.set(value as never);
    histogram.record(value as never);
    expect(own.sample().map(({ value: of, buckets }) => [of, buckets?.some(([, count]) => count > 0)])).toEqual([
      [0, undefined],
      [0, false],
    ]);
  });

  it('stays a number when it is counted up beyond the largest', () => {
    const { own } = meters();
    const counter = own.counter('counted');
    counter.increment(Number.MAX_VALUE);
    counter.increment(Number.MAX_VALUE);
    expect(own.sample()).toEqual([{ name: 'counted', value: Number.MAX_VALUE, labels: [] }]);
  });

  it.each([
    ['a proxy that refuses all', REFUSING],
    ['a getter that throws', GETTER],
    ['a value that is no text', { a: Symbol('a') }],
  ])('is none where its labels are none: %s', (_title, labels) => {
    const { own } = meters();
    own.counter('counted', labels as never).increment();
    expect(own.sample()).toEqual([]);
  });
});

describe('a carrier that throws when it is read', () => {
  it.each([
    ['a proxy that refuses all', REFUSING],
    ['a getter of its get', GETTER],
  ])('counts as none, and the work is done in a trace of its own: %s', (_title, carrier) => {
    const { tracer, spans } = tracing();
    expect(manualSpans.entry(tracer, 'message', carrier as never, () => 'done')).toBe('done');
    expect(spans()).toMatchObject([{ operationName: 'message' }]);
  });
});

describe('a proxy that refuses all, in the place of a span', () => {
  it('is taken into a context of OpenTelemetry without an error', () => {
    bridged();
    const within = api.trace.setSpan(api.context.active(), REFUSING as never);
    expect(api.context.with(within, () => api.trace.getTracer('t').startSpan('a').isRecording())).toBe(true);
  });
});
