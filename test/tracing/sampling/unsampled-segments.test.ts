import { context } from '../../../src/tracing/context';
import { parseSw6 } from '../../../src/protocol/v2/sw6/carrier';
import { parseSw8 } from '../../../src/protocol/v3/sw8/carrier';
import { v3EndpointName } from '../../../src/protocol/v3/names';
import { tracing } from '../../support/tracing';
import type { TracerOptions } from '../../../src/tracing/tracer';
import type { PropagateUnsampled } from '../../../src/api/options';

const V3 = { protocol: 'v3', service: 'orders', instance: 'orders-1', endpoint: v3EndpointName } as const;
const V2 = { protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 } as const;
const ERRORS = { sampleRate: 0, keep: { errors: true } };

function made(options: Partial<TracerOptions> = ERRORS) {
  const all = tracing(options);
  const { tracer } = all;
  const request = (name: string, error?: Error, headers = {}) => {
    const span = tracer.openEntry(name, headers)!;
    if (error) tracer.details.fail(span, error);
    tracer.end(span);
    return span;
  };
  return { ...all, request, names: () => all.spans().map(({ operationName }) => operationName) };
}

describe('a trace that is not sampled', () => {
  it('is sent when it shows an error, and otherwise not', () => {
    const { request, names } = made();
    request('/fine');
    request('/broken', new Error('a'));
    request('/fine');
    expect(names()).toEqual(['/broken']);
  });

  it('is sent when it takes long, and otherwise not', async () => {
    const { tracer, clock, names } = made({ sampleRate: 0, keep: { slowerThanMs: 100 } });
    for (const [name, ms] of [
      ['/fast', 99],
      ['/slow', 100],
    ] as const) {
      const span = tracer.openEntry(name)!;
      await clock.advance(ms);
      tracer.details.fail(span, new Error('a'));
      tracer.end(span);
    }
    expect(names()).toEqual(['/slow']);
  });

  it('is sent with the segments of it that have ended before, and those that end later', () => {
    const { tracer, request, names, segments } = made();
    const entry = request('/orders');
    request('/other');
    const timer = tracer.openLocal('timer', entry)!;
    tracer.details.fail(timer, new Error('a'));
    tracer.end(timer);
    tracer.end(tracer.openExit('/late', 'a:80', entry)!);
    expect(names()).toEqual(['/orders', 'timer', '/late']);
    expect(new Set(segments.map(({ traceId }) => String(traceId))).size).toBe(1);
  });

  it('is sent with the work of a caller that does not record it', () => {
    const { request, segments } = made();
    const headers = { sw8: '0-My40LjU=-MS4yLjM=-4-c2VydmljZQ==-aW5zdGFuY2U=-L2FwcA==-MTI3LjAuMC4xOjgwODA=' };
    request('/', new Error('a'), headers);
    expect(segments.map(({ traceId }) => String(traceId))).toEqual(['3.4.5']);
    expect(segments[0]!.spans[0]!.refs).toHaveLength(1);
  });

  it('is not recorded where nothing is to be kept, where it is suppressed or paused', () => {
    expect(tracing({ sampleRate: 0 }).tracer.openEntry('/')).toBeUndefined();
    const { tracer } = made();
    expect(tracer.openEntry('/', { sw8: '' })).toBeUndefined();
    tracer.pause();
    expect(tracer.openEntry('/')).toBeUndefined();
  });

  it('waits among the last 256, of which the oldest is let go', () => {
    const { tracer, request, names } = made();
    const first = request('/first');
    const second = request('/second');
    for (let n = 0; n < 255; n++) request('/more');
    expect([first.segment.spans.length, second.segment.spans.length]).toEqual([0, 1]);
    for (const entry of [first, second]) {
      const timer = tracer.openLocal('timer', entry)!;
      tracer.details.fail(timer, new Error('a'));
      tracer.end(timer);
    }
    expect(names()).toEqual(['timer', '/second', 'timer']);
  });

  it('waits with at most 4096 spans in all', () => {
    const { tracer, request } = made();
    const first = request('/first');
    for (let n = 0; n < 14; n++) {
      const entry = tracer.openEntry('/large')!;
      for (let m = 0; m < 299; m++) tracer.end(tracer.openLocal('work', entry)!);
      tracer.end(entry);
    }
    expect(first.segment.spans).toEqual([]);
  });

  it('goes where sampled ones go as if it were none of these where it is sampled', () => {
    const { request, names } = made({ sampleRate: 1, keep: { errors: true } });
    request('/fine');
    expect(names()).toEqual(['/fine']);
  });
});

describe.each([
  ['sw8', V3, parseSw8],
  ['sw6', V2, parseSw6],
] as const)('the %s of a trace that is not sampled and may be kept', (header, names, parse) => {
  function headersOf(propagateUnsampled?: PropagateUnsampled): Record<string, string> {
    const { tracer } = made({ ...ERRORS, names: () => names, ...(propagateUnsampled && { propagateUnsampled }) });
    const headers: Record<string, string> = {};
    const entry = tracer.openEntry('/orders')!;
    const exit = context.run(entry, () => tracer.openExit('/stock', 'stock:80')!);
    tracer.inject(exit, headers, (into, name, value) => (into[name] = value));
    return headers;
  }

  it('says that it is not recorded, and where it comes from', () => {
    expect(parse(headersOf()[header])).toMatchObject({ isSampled: false, parentSpanId: 1 });
  });

  it('is empty or not there where that is wanted', () => {
    expect([headersOf('empty'), headersOf('none')]).toEqual([{ [header]: '' }, {}]);
  });
});

describe('what is reported of a trace that is not sampled', () => {
  const value = 'as long as a part of a large text';

  function tagged({ tracer }: ReturnType<typeof made>): void {
    const span = tracer.openEntry('/')!;
    tracer.details.tag(span, 'a key of our own', value);
    tracer.details.log(span, { 'a key of our own': value });
    tracer.end(span);
  }

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is copied only of the traces that still wait a second after the first look, once, without its keys', async () => {
    const all = made();
    const copies = jest.spyOn(Buffer, 'from');
    for (let n = 0; n < 1_000; n++) tagged(all);
    expect(copies).not.toHaveBeenCalled();
    await all.clock.advance(1_000);
    expect(copies).not.toHaveBeenCalled();
    await all.clock.advance(1_100);
    expect(copies).toHaveBeenCalledTimes(2 * 256);
    tagged(all);
    await all.clock.advance(5_000);
    expect(copies).toHaveBeenCalledTimes(2 * 257);
    expect(new Set(copies.mock.calls.map(([text]) => text))).toEqual(new Set([value]));
  });
});
