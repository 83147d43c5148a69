import { context } from '../../../src/tracing/context';
import { currentTrace } from '../../../src/tracing/current-trace';
import { parseSw8 } from '../../../src/protocol/v3/sw8/carrier';
import { tracing, type Tracing } from '../../support/tracing';
import type { FakeClock } from '../../support/fake-clock';
import type { V3Identity } from '../../../src/protocol/v3/sw8/propagator';
import type { Span } from '../../../src/model/segment';
import type { TracerOptions } from '../../../src/tracing/tracer';
import { v3EndpointName } from '../../../src/protocol/v3/names';

/** Trace 3.4.5, segment 1.2.3, span 4 of service and instance, /app, to 127.0.0.1:8080. */
const SW8 = '1-My40LjU=-MS4yLjM=-4-c2VydmljZQ==-aW5zdGFuY2U=-L2FwcA==-MTI3LjAuMC4xOjgwODA=';
/** Trace 3.4.5, segment 1.2.3, span 4, instances 1 and 1, to 127.0.0.1:8080, from /portal, by endpoint 123. */
const SW6 = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';
const CORRELATION = `${Buffer.from('tenant').toString('base64')}:${Buffer.from('acme').toString('base64')}`;

const OURS: V3Identity = {
  protocol: 'v3',
  service: 'orders',
  instance: 'orders-1',
  endpoint: (span) => v3EndpointName(span),
};

function connected(options: Partial<TracerOptions> = {}): Tracing<FakeClock> {
  return tracing({ names: () => OURS, carrierEpoch: () => 1, ...options });
}

function headersOf({ tracer }: Tracing<FakeClock>, span: Span): Record<string, string> {
  const headers: Record<string, string> = {};
  tracer.inject(span, headers, (into, name, value) => {
    expect(into[name]).toBeUndefined();
    into[name] = value;
  });
  return headers;
}

describe('with a v3 backend, a request that comes in', () => {
  it('goes on with the trace of its caller, and says who that was', () => {
    const { tracer } = connected();
    const entry = tracer.openEntry('/', { sw8: SW8 })!;
    expect(String(entry.segment.traceId)).toBe('3.4.5');
    expect(entry.refs).toEqual([
      {
        refType: 0,
        traceId: expect.anything(),
        parentSegmentId: expect.anything(),
        parentSpanId: 4,
        parentService: 'service',
        parentInstance: 'instance',
        parentEndpoint: '/app',
        addressUsedAtPeer: '127.0.0.1:8080',
      },
    ]);
  });

  it('is traced whatever our own rate says when its caller is, and not when it is not', () => {
    const { tracer } = connected({ sampleRate: 0 });
    expect(tracer.openEntry('/', { sw8: SW8 })).toBeDefined();
    expect(connected().tracer.openEntry('/', { sw8: `0${SW8.slice(1)}` })).toBeUndefined();
  });

  it('is traced afresh when the header is malformed', () => {
    const entry = connected().tracer.openEntry('/', { sw8: `${SW8}-` })!;
    expect(entry.refs).toBeUndefined();
    expect(String(entry.segment.traceId)).not.toBe('3.4.5');
  });

  it('joins by either family; with both, by the one that its own backend understands', () => {
    const both = { sw6: SW6, sw8: SW8.replace('My40LjU=', Buffer.from('7.8.9').toString('base64')) };
    expect(String(connected().tracer.openEntry('/', { sw6: SW6 })!.segment.traceId)).toBe('3.4.5');
    expect(String(connected().tracer.openEntry('/', both)!.segment.traceId)).toBe('7.8.9');
    const onV2 = tracing({
      names: () => ({ protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 }),
    });
    expect(String(onV2.tracer.openEntry('/', both)!.segment.traceId)).toBe('3.4.5');
    expect(String(onV2.tracer.openEntry('/', { ...both, sw6: 'garbage' })!.segment.traceId)).toBe('7.8.9');
  });

  it('brings what the trace carries along, and whether it counts', () => {
    const { tracer } = connected();
    const entry = tracer.openEntry('/', { sw8: SW8, 'sw8-correlation': CORRELATION, 'sw8-x': '1-1700000000000' })!;
    context.run(entry, () => expect(currentTrace.correlation('tenant')).toBe('acme'));
    expect(entry.segment.skipsAnalysis).toBe(true);
  });

  it.each(['0- ', '0-1700000000000', '1', '2- ', '1-x', 'garbage', '1- , 1- ', ['1- ']])(
    'counts as usual where sw8-x is %p',
    (mode) => {
      expect(connected().tracer.openEntry('/', { sw8: SW8, 'sw8-x': mode })!.segment.skipsAnalysis).toBe(false);
    },
  );
});

describe('with a v3 backend, a request that goes out', () => {
  it('says who calls, in names', () => {
    const made = connected();
    const entry = made.tracer.openEntry('/orders/7')!;
    entry.method = 'GET';
    const exit = made.tracer.openExit('/stock', 'stock:80', entry)!;
    const headers = headersOf(made, exit);
    expect(Object.keys(headers)).toEqual(['sw8']);
    expect(parseSw8(headers.sw8)).toMatchObject({
      isSampled: true,
      parentSpanId: exit.spanId,
      parentService: 'orders',
      parentInstance: 'orders-1',
      parentEndpoint: 'GET:/orders/7',
      addressUsedAtPeer: 'stock:80',
    });
    expect(String(parseSw8(headers.sw8)!.traceId)).toBe(String(entry.segment.traceId));
    expect(String(parseSw8(headers.sw8)!.parentSegmentId)).toBe(String(entry.segment.segmentId));
  });

  it('freezes the name of the request it is made for', () => {
    const made = connected();
    const entry = made.tracer.openEntry('/orders/7')!;
    headersOf(made, made.tracer.openExit('/stock', 'stock:80', entry)!);
    made.tracer.rename(entry, '/orders/:id');
    expect(entry.operationName).toBe('/orders/7');
  });

  it('outside of any request is made by the work that it is part of', () => {
    const made = connected();
    const job = made.tracer.openLocal('nightly job')!;
    expect(parseSw8(headersOf(made, made.tracer.openExit('/a', 'a:80', job)!).sw8)!.parentEndpoint).toBe('nightly job');
    expect(parseSw8(headersOf(made, made.tracer.openExit('/b', 'b:80')!).sw8)!.parentEndpoint).toBe('/b');
  });

  it('hands on what the trace carries along, and that it does not count', () => {
    const made = connected();
    const entry = made.tracer.openEntry('/', { sw8: SW8, 'sw8-correlation': CORRELATION, 'sw8-x': '1- ' })!;
    expect(headersOf(made, made.tracer.openExit('/stock', 'stock:80', entry)!)).toMatchObject({
      'sw8-correlation': CORRELATION,
      'sw8-x': '1- ',
    });
  });

  it('also from what goes on after the request, and with what was added meanwhile', () => {
    const made = connected();
    const entry = made.tracer.openEntry('/', { sw8: SW8, 'sw8-x': '1- ' })!;
    context.run(entry, () => currentTrace.correlate('tenant', 'acme'));
    made.tracer.end(entry);
    expect(headersOf(made, made.tracer.openExit('/stock', 'stock:80', entry)!)).toMatchObject({
      'sw8-correlation': CORRELATION,
      'sw8-x': '1- ',
    });
  });

  it('says nothing while no backend knows us', () => {
    const made = tracing({ names: () => undefined });
    expect(headersOf(made, made.tracer.openExit('/stock', 'stock:80')!)).toEqual({});
  });

  it('never turns the ids of a v2 caller into names', () => {
    const made = connected();
    const entry = made.tracer.openEntry('/', { sw6: SW6 })!;
    const { sw8, ...rest } = headersOf(made, made.tracer.openExit('/stock', 'stock:80', entry)!);
    expect(parseSw8(sw8)).toMatchObject({ parentService: 'orders', parentInstance: 'orders-1', parentEndpoint: '/' });
    expect(rest).toEqual({});
  });
});
