import { context } from '../../../src/tracing/context';
import { parseSw6 } from '../../../src/protocol/v2/sw6/carrier';
import { MAX_CARRIER_LENGTH } from '../../../src/model/limits';
import { tracing, type Tracing } from '../../support/tracing';
import type { FakeClock } from '../../support/fake-clock';
import type { V2Identity } from '../../../src/protocol/v2/sw6/propagator';
import type { Span, V2Ref } from '../../../src/model/segment';
import type { TracerOptions } from '../../../src/tracing/tracer';

/** Trace 3.4.5, segment 1.2.3, span 4, instances 1 and 1, to 127.0.0.1:8080, from /portal, by endpoint 123. */
const SW6 = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';
const NOT_SAMPLED = `0${SW6.slice(1)}`;

class Registered implements V2Identity {
  readonly protocol = 'v2';
  epoch = 3;
  instanceId = 7;

  constructor(
    private readonly endpoints: Readonly<Record<string, number>> = {},
    private readonly addresses: Readonly<Record<string, number>> = {},
  ) {}

  endpoint(name: string): number {
    return this.endpoints[name] ?? 0;
  }

  networkAddress(name: string): number {
    return this.addresses[name] ?? 0;
  }
}

function registered(names = new Registered(), options: Partial<TracerOptions> = {}): Tracing<FakeClock> {
  return tracing({ names: () => names, carrierEpoch: () => names.epoch, ...options });
}

function headersOf({ tracer }: Tracing<FakeClock>, span: Span): Record<string, string> {
  const headers: Record<string, string> = {};
  tracer.inject(span, headers, (into, name, value) => {
    expect(into[name]).toBeUndefined();
    into[name] = value;
  });
  return headers;
}

/** What a request made within this entry span says. */
function sw6Of(made: Tracing<FakeClock>, parent?: Span) {
  const exit = made.tracer.openExit('/stock', 'stock:80', parent)!;
  return parseSw6(headersOf(made, exit).sw6);
}

describe('a request that comes in with a carrier', () => {
  it('goes on with the trace of its caller, and says who that was', () => {
    const { tracer } = registered();
    const entry = tracer.openEntry('/', { sw6: SW6 })!;
    expect(String(entry.segment.traceId)).toBe('3.4.5');
    expect(entry.refs!.map((ref) => ({ ...ref, parentSegmentId: String(ref.parentSegmentId) }))).toEqual([
      {
        epoch: 3,
        refType: 0,
        parentSegmentId: '1.2.3',
        parentSpanId: 4,
        parentInstanceId: 1,
        entryInstanceId: 1,
        networkAddress: '127.0.0.1:8080',
        entryEndpoint: '/portal',
        parentEndpoint: 123,
      },
    ]);
    expect(String(entry.segment.segmentId)).not.toBe('1.2.3');
  });

  it('goes on with it before the first registration too, and the caller is known by what it said then', () => {
    const { tracer } = tracing({ names: () => undefined, carrierEpoch: () => 1 });
    expect((tracer.openEntry('/', { sw6: SW6 })!.refs![0] as V2Ref).epoch).toBe(1);
  });

  it.each([
    ['nothing', {}],
    ['garbage', { sw6: 'garbage' }],
    ['two of them, as Node joins them', { sw6: `${SW6}, ${SW6}` }],
    ['two of them, as a list', { sw6: [SW6, SW6] }],
    ['another name', { 'x-sw6': SW6 }],
    ['a getter that throws', Object.defineProperty({}, 'sw6', { get: () => { throw new Error('no'); } })], // prettier-ignore
    ['a proxy that refuses', new Proxy({}, { get: () => { throw new Error('no'); } })], // prettier-ignore
  ])('that is %s is traced afresh', (_, headers) => {
    const { tracer } = registered();
    const entry = tracer.openEntry('/', headers)!;
    expect(String(entry.segment.traceId)).not.toBe('3.4.5');
    expect(entry.refs).toBeUndefined();
  });

  it('is recorded whatever our own sample rate, since its caller is: a trace is whole or not at all', () => {
    const { tracer } = registered(new Registered(), { sampleRate: 0 });
    expect(tracer.openEntry('/', { sw6: SW6 })).toBeDefined();
    expect(tracer.openEntry('/', { sw6: 'garbage' })).toBeUndefined();
    expect(tracer.openEntry('/')).toBeUndefined();
  });

  it('is not recorded where its caller is not, whatever our own sample rate', () => {
    const { tracer } = registered(new Registered(), { sampleRate: 1 });
    expect(tracer.openEntry('/', { sw6: NOT_SAMPLED })).toBeUndefined();
  });

  it('is not recorded while tracing is paused', () => {
    const { tracer } = registered();
    tracer.pause();
    expect(tracer.openEntry('/', { sw6: SW6 })).toBeUndefined();
  });
});

describe('a carrier of our own that comes back', () => {
  const epochOf = (made: Tracing<FakeClock>, sw6: string): number =>
    (made.tracer.openEntry('/', { sw6 })!.refs![0] as V2Ref).epoch;

  /** What a request says that this process makes within a trace of its own, or of another process. */
  function carrier(made: Tracing<FakeClock>, headers?: Record<string, string>): string {
    return headersOf(made, made.tracer.openExit('/stock', 'stock:80', made.tracer.openEntry('/orders', headers))!)[
      'sw6'
    ]!;
  }

  it('is of the registration that it was written in, not of the one that it arrives in', () => {
    const names = new Registered();
    const made = registered(names);
    const [ofOwn, ofOther] = [carrier(made), carrier(made, { sw6: SW6 })];
    expect([epochOf(made, ofOwn), epochOf(made, ofOther)]).toEqual([3, 3]);
    // The storage was cleared, and 7 is another instance.
    names.epoch = 4;
    expect([epochOf(made, ofOwn), epochOf(made, ofOther)]).toEqual([3, 3]);
    names.instanceId = 9;
    const later = carrier(made);
    expect([epochOf(made, ofOwn), epochOf(made, ofOther)]).toEqual([-1, -1]);
    expect([epochOf(made, later), epochOf(made, SW6)]).toEqual([4, 4]);
  });

  it('is so too where another service has handed the trace on', () => {
    const names = new Registered();
    const made = registered(names);
    const [sampled, traceId, , ...rest] = carrier(made).split('-');
    const handedOn = [sampled, traceId, 'MS4yLjM=', ...rest].join('-').replace('-7-7-', '-2-7-');
    expect(epochOf(made, handedOn)).toBe(3);
    names.epoch = 4;
    expect(epochOf(made, handedOn)).toBe(3);
    names.instanceId = 9;
    carrier(made);
    expect(epochOf(made, handedOn)).toBe(-1);
  });
});

describe('a request that goes out', () => {
  it('says which trace it is of, and by ids who asked, where they are known', () => {
    const made = registered(new Registered({ '/orders': 12 }, { 'stock:80': 9 }));
    const entry = made.tracer.openEntry('/orders')!;
    const sw6 = sw6Of(made, entry)!;
    expect({ ...sw6, traceId: String(sw6.traceId), parentSegmentId: String(sw6.parentSegmentId) }).toEqual({
      isSampled: true,
      traceId: String(entry.segment.traceId),
      parentSegmentId: String(entry.segment.segmentId),
      parentSpanId: 1,
      parentInstanceId: 7,
      entryInstanceId: 7,
      peer: 9,
      entryEndpoint: 12,
      parentEndpoint: 12,
    });
  });

  it('says so by names where no ids are known', () => {
    const made = registered();
    const sw6 = sw6Of(made, made.tracer.openEntry('/orders'));
    expect(sw6).toMatchObject({ peer: 'stock:80', entryEndpoint: '/orders', parentEndpoint: '/orders' });
  });

  it('hands on where the trace came in first, as it came', () => {
    const made = registered(new Registered({ '/orders': 12 }));
    const entry = made.tracer.openEntry('/orders', { sw6: SW6 })!;
    const sw6 = sw6Of(made, entry)!;
    expect(String(sw6.traceId)).toBe('3.4.5');
    const expected = { entryInstanceId: 1, entryEndpoint: '/portal', parentInstanceId: 7, parentEndpoint: 12 };
    expect(sw6).toMatchObject(expected);
  });

  it('hands on that the trace came in at no endpoint', () => {
    const made = registered();
    const sw6 = SW6.replace('-Iy9wb3J0YWw=-', '-LTE=-');
    expect(sw6Of(made, made.tracer.openEntry('/orders', { sw6 }))!.entryEndpoint).toBeUndefined();
  });

  it('knows itself where the trace came in at this very instance', () => {
    const names = new Registered({ '/portal': 55 });
    names.instanceId = 1;
    const made = registered(names);
    expect(sw6Of(made, made.tracer.openEntry('/orders', { sw6: SW6 }))!.entryEndpoint).toBe(55);
  });

  it('hands on nothing of an earlier epoch: the ids of its caller may be those of another service by now', () => {
    const names = new Registered();
    const made = registered(names);
    const entry = made.tracer.openEntry('/orders', { sw6: SW6 })!;
    names.epoch = 4;
    const sw6 = sw6Of(made, entry)!;
    expect(String(sw6.traceId)).toBe('3.4.5');
    expect(sw6).toMatchObject({ entryInstanceId: 7, entryEndpoint: '/orders', parentEndpoint: '/orders' });
  });

  it('carries nothing while the backend does not know us: before the registration, in doubt, during a reset', () => {
    const unknown = tracing({ names: () => undefined, carrierEpoch: () => 1 });
    const exit = unknown.tracer.openExit('/a', 'a:80', unknown.tracer.openEntry('/'))!;
    expect(headersOf(unknown, exit)).toEqual({});
    const names = new Registered();
    names.instanceId = 0;
    const zero = registered(names);
    expect(headersOf(zero, zero.tracer.openExit('/a', 'a:80')!)).toEqual({});
    const none = tracing();
    expect(headersOf(none, none.tracer.openExit('/a', 'a:80')!)).toEqual({});
  });

  it('carries nothing without a call that is under way', () => {
    const made = registered();
    const entry = made.tracer.openEntry('/')!;
    const ended = made.tracer.openExit('/a', 'a:80', entry)!;
    made.tracer.end(ended);
    const spans = [entry, made.tracer.openLocal('work', entry)!, made.tracer.openExit('/a', '', entry)!, ended];
    expect(spans.map((span) => headersOf(made, span))).toEqual([{}, {}, {}, {}]);
  });

  it('outside of any request says that there was no caller, by the endpoint that stands for that at every backend', () => {
    const made = registered();
    const outside = { entryInstanceId: 7, entryEndpoint: undefined, parentInstanceId: 7, parentEndpoint: 1 };
    expect(sw6Of(made)).toMatchObject({ ...outside, parentSpanId: 0 });
    expect(sw6Of(made, made.tracer.openLocal('job'))).toMatchObject({ ...outside, parentSpanId: 1 });
    expect(sw6Of(made, made.tracer.openEntry(''))).toMatchObject(outside);
  });

  it('that follows a request once its response is out belongs to that request still', () => {
    const made = registered();
    const entry = made.tracer.openEntry('/orders', { sw6: SW6 })!;
    made.tracer.end(entry);
    const sw6 = sw6Of(made, entry)!;
    expect(sw6).toMatchObject({ entryEndpoint: '/portal', parentEndpoint: '/orders', parentSpanId: 0 });
    expect(String(sw6.parentSegmentId)).not.toBe(String(entry.segment.segmentId));
  });

  it('is made as it would be without us where it takes no header', () => {
    const made = registered();
    const exit = made.tracer.openExit('/a', 'a:80', made.tracer.openEntry('/'))!;
    const refuse = (): never => {
      throw new Error('the headers are sent');
    };
    expect(() => made.tracer.inject(exit, {}, refuse)).not.toThrow();
    const broken = tracing({ names: refuse });
    expect(headersOf(broken, broken.tracer.openExit('/a', 'a:80')!)).toEqual({});
  });

  it('carries no header that is longer than servers take', () => {
    const made = registered();
    const entry = made.tracer.openEntry('⚓'.repeat(512))!;
    const { sw6, ...others } = headersOf(made, made.tracer.openExit('/a', '⚓'.repeat(512), entry)!);
    expect(others).toEqual({});
    expect(sw6!.length).toBeLessThanOrEqual(MAX_CARRIER_LENGTH);
    expect(parseSw6(sw6)).toMatchObject({ parentEndpoint: '⚓'.repeat(150), peer: '⚓'.repeat(150) });
  });
});

describe('the name of an entry span', () => {
  it('stays once a header has carried it', () => {
    const made = registered();
    const entry = made.tracer.openEntry('/orders/7')!;
    entry.naming = { resolve: () => '/orders/:id' };
    expect(sw6Of(made, entry)!.parentEndpoint).toBe('/orders/:id');
    made.tracer.rename(entry, '/too-late');
    made.tracer.end(entry);
    expect(entry.operationName).toBe('/orders/:id');
    expect(entry.naming).toBeUndefined();
  });

  it('stays the path where a header has carried that, though a route is found later', () => {
    const made = registered();
    const entry = made.tracer.openEntry('/orders/7')!;
    let route: string | undefined = undefined;
    entry.naming = { resolve: () => route };
    expect(sw6Of(made, entry)!.parentEndpoint).toBe('/orders/7');
    route = '/orders/:id';
    made.tracer.end(entry);
    expect(entry.operationName).toBe('/orders/7');
  });

  it('does not stay where a request went out without a header', () => {
    let names: Registered | undefined = undefined;
    const made = tracing({ names: () => names, carrierEpoch: () => 1 });
    const entry = made.tracer.openEntry('/orders/7')!;
    let route: string | undefined = undefined;
    entry.naming = { resolve: () => route };
    expect(sw6Of(made, entry)).toBeUndefined();
    route = '/orders/:id';
    names = new Registered();
    expect(sw6Of(made, entry)!.parentEndpoint).toBe('/orders/:id');
  });

  it('belongs to one request: each has its own', () => {
    const made = registered();
    const entries = ['/a', '/b'].map((path) => made.tracer.openEntry(path)!);
    const parents = entries.map((entry) => context.run(entry, () => sw6Of(made)!.parentEndpoint));
    expect(parents).toEqual(['/a', '/b']);
  });
});
