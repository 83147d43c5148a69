import { inspect } from 'node:util';
import { context, untraced } from '../../../src/tracing/context';
import { logContextOf, manualSpans } from '../../../src/tracing/manual/manual-spans';
import { Layer, SpanType } from '../../../src/model/components';
import { v3EndpointName } from '../../../src/protocol/v3/names';
import { logsOf, tagsOf, tracing } from '../../support/tracing';
import type { TracerOptions } from '../../../src/tracing/tracer';

const V3 = { protocol: 'v3', service: 'orders', instance: 'orders-1', endpoint: v3EndpointName } as const;
const V2 = { protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 } as const;

function made(options: Partial<TracerOptions> = {}) {
  return tracing({ names: () => V3, ...options });
}

describe('the current span', () => {
  it('is undefined outside a trace and in work that is not traced', () => {
    const { tracer } = made();
    expect(manualSpans.current(tracer)).toBeUndefined();
    expect(context.run(untraced, () => manualSpans.current(tracer))).toBeUndefined();
  });

  it('is the same in a proxy, and shows nothing but its ids', () => {
    const { tracer } = made();
    const entry = tracer.openEntry('/orders')!;
    const span = context.run(entry, () => manualSpans.current(tracer)!);
    const wrapped = new Proxy(span, {});
    wrapped.tag('tenant', 'acme');
    wrapped.log('by hand');
    wrapped.error(new TypeError('broken'));
    wrapped.setOperationName('/orders/:id');
    expect(entry).toMatchObject({ operationName: '/orders/:id', isError: true });
    expect(tagsOf(entry)).toMatchObject({ tenant: 'acme' });
    expect([wrapped.traceId, wrapped.segmentId, wrapped.spanId]).toEqual([span.traceId, span.segmentId, 0]);
    expect(inspect(span)).toBe(inspect({ traceId: span.traceId, segmentId: span.segmentId, spanId: 0 }));
    expect(JSON.stringify(span)).toBe('{}');
    expect(Object.entries(span)).toEqual([]);
  });

  it('takes tags, logs, errors and a name, and has the ids that the backend gets', () => {
    const { tracer, spans } = made();
    const entry = tracer.openEntry('/orders')!;
    context.run(entry, () => {
      const span = manualSpans.current(tracer)!;
      expect([span.traceId, span.segmentId, span.spanId]).toEqual([
        String(entry.segment.traceId),
        String(entry.segment.segmentId),
        0,
      ]);
      span.tag('tenant', 'acme');
      span.log({ event: 'retried', attempt: 2 });
      span.log('by hand');
      span.error(new TypeError('broken'));
      span.setOperationName('/orders/:id');
    });
    tracer.end(entry);
    const [ended] = spans();
    expect(ended).toMatchObject({ operationName: '/orders/:id', isError: true });
    expect(tagsOf(ended)).toEqual({ tenant: 'acme' });
    expect(logsOf(ended)).toMatchObject([
      { event: 'retried', attempt: '2' },
      { message: 'by hand' },
      { event: 'error', 'error.kind': 'TypeError', message: 'broken' },
    ]);
  });

  it('keeps the name that it was given when a route is found later', () => {
    const { tracer } = made();
    const entry = tracer.openEntry('/orders/7')!;
    entry.naming = { resolve: () => '/orders/:id' };
    context.run(entry, () => manualSpans.current(tracer)!.setOperationName('place order'));
    tracer.end(entry);
    expect(entry.operationName).toBe('place order');
  });

  it.each([
    ['GET:/x', 'GET:/x'],
    ['/x', 'GET:/x'],
    ['POST:/x', 'GET:POST:/x'],
    ['GET:', 'GET:/orders'],
  ])('named %s on a GET request is the endpoint %s of a v3 backend', (name, endpoint) => {
    const { tracer } = made();
    const entry = tracer.openEntry('/orders')!;
    entry.method = 'GET';
    context.run(entry, () => manualSpans.current(tracer)!.setOperationName(name));
    tracer.end(entry);
    expect(v3EndpointName(entry)).toBe(endpoint);
  });

  it('keeps a method in the name of an exit span, where no backend gets one before it', () => {
    const { tracer } = made();
    const exit = tracer.openExit('/orders', 'stock:80')!;
    exit.method = 'GET';
    context.run(exit, () => manualSpans.current(tracer)!.setOperationName('GET:/x'));
    expect(exit.operationName).toBe('GET:/x');
  });

  it('keeps its name once another process was told of it, and where the new one is empty', () => {
    const { tracer } = made();
    const entry = tracer.openEntry('/orders')!;
    context.run(entry, () => {
      manualSpans.current(tracer)!.setOperationName('');
      manualSpans.exit(tracer, 'publish', 'mqtt:1883', (_span, inject) => inject(() => undefined));
      manualSpans.current(tracer)!.setOperationName('too late');
    });
    expect(entry.operationName).toBe('/orders');
  });

  it('takes nothing once it has ended', () => {
    const { tracer } = made();
    const span = tracer.trace('job', (given) => given);
    for (const use of [() => span.tag('a', 1), () => span.log('a'), () => span.error('a')]) expect(use).not.toThrow();
    span.setOperationName('late');
    expect(span.spanId).toBe(0);
  });
});

describe.each([
  ['sw8', V3],
  ['sw6', V2],
] as const)('a message with %s', (header, names) => {
  it('carries the trace from an exit span to an entry span, as an object, in upper case or behind a getter', () => {
    const { tracer, segments } = made({ names: () => names });
    const headers: Record<string, string> = {};
    const sent = manualSpans.exit(tracer, 'orders/publish', 'mqtt:1883', (span, inject) => {
      inject((name, value) => (headers[name] = value));
      return span;
    });
    const value = headers[header]!;
    for (const carrier of [
      { [header]: value },
      { [header.toUpperCase()]: Buffer.from(value) },
      new Map([[header, value]]),
    ])
      manualSpans.entry(tracer, 'orders/received', carrier, (span) => expect(span.traceId).toBe(sent.traceId));
    const [exit, ...entries] = segments.map(({ spans: [span] }) => span!);
    expect(exit).toMatchObject({ type: SpanType.exit, peer: 'mqtt:1883', layer: Layer.rpcFramework });
    expect(entries).toHaveLength(3);
    for (const entry of entries)
      expect(entry).toMatchObject({
        type: SpanType.entry,
        operationName: 'orders/received',
        refs: [{ parentSegmentId: exit!.segment.segmentId, parentSpanId: 0 }],
      });
  });
});

describe('an entry span by hand', () => {
  it.each([
    undefined,
    {},
    { sw8: 'garbage' },
    null,
    'text',
    {
      get: () => {
        throw new Error('no');
      },
    },
  ])('begins a trace of its own where the carrier is %p', (carrier) => {
    const { tracer, spans } = made();
    expect(manualSpans.entry(tracer, 'received', carrier as undefined, () => 7)).toBe(7);
    expect(spans()).toMatchObject([{ operationName: 'received', refs: undefined, parentSpanId: -1 }]);
  });

  it('is a segment of its own within another span, and what runs in it is its child', () => {
    const { tracer, segments } = made();
    tracer.trace('outer', () =>
      manualSpans.entry(tracer, 'received', {}, () => tracer.trace('inner', () => undefined)),
    );
    expect(segments.map(({ spans }) => spans.map(({ operationName }) => operationName))).toEqual([
      ['inner', 'received'],
      ['outer'],
    ]);
  });

  it('ends when a promise settles, and is an error when it rejects', async () => {
    const { tracer, spans } = made();
    const failing = manualSpans.entry(tracer, 'received', {}, async () => Promise.reject(new Error('lost')));
    expect(spans()).toEqual([]);
    await expect(failing).rejects.toThrow('lost');
    expect(spans()).toMatchObject([{ isError: true }]);
  });

  it('is not there where nothing is traced, and the function runs as without it', () => {
    const { tracer, segments } = made({ sampleRate: 0 });
    const result = manualSpans.entry(tracer, 'received', {}, (span) => {
      span.tag('a', 1);
      tracer.trace('inner', () => undefined);
      return span.spanId;
    });
    expect(result).toBe(-1);
    expect(segments).toEqual([]);
  });
});

describe('an exit span by hand', () => {
  it.each(['', undefined])('has a peer where it was given %p', (peer) => {
    const { tracer, spans } = made();
    manualSpans.exit(tracer, 'publish', peer as string, () => undefined);
    expect(spans()).toMatchObject([{ peer: 'unknown' }]);
  });

  it('gives out no header after it has ended', () => {
    const { tracer } = made();
    const set = jest.fn();
    const inject = manualSpans.exit(tracer, 'publish', 'mqtt:1883', (_span, given) => given);
    inject(set);
    expect(set).not.toHaveBeenCalled();
  });

  it('rethrows what its function throws, as an error of the span', () => {
    const { tracer, spans } = made();
    const fail = () =>
      manualSpans.exit(tracer, 'publish', 'mqtt:1883', () => {
        throw new RangeError('full');
      });
    expect(fail).toThrow('full');
    expect(spans()).toMatchObject([{ isError: true }]);
  });
});

describe('a bound function', () => {
  it('runs in the scope it was bound in, with its receiver, arguments, result, name and length', () => {
    const { tracer } = made();
    const entry = tracer.openEntry('/')!;
    function add(this: unknown, one: number, other: number): unknown[] {
      return [this, one + other, context.getStore()];
    }
    const bound = context.run(entry, () => manualSpans.bind(add));
    const owner = { bound };
    expect(owner.bound(1, 2)).toEqual([owner, 3, entry]);
    expect([bound.name, bound.length]).toEqual(['add', 2]);
  });

  it('runs in no scope where there was none', () => {
    const { tracer } = made();
    const bound = manualSpans.bind(() => context.getStore());
    expect(context.run(tracer.openEntry('/')!, () => bound())).toBeUndefined();
  });

  it('stays what it is where it is no function', () => {
    expect(manualSpans.bind(undefined as never)).toBeUndefined();
  });
});

describe('the context of a log line', () => {
  it('has the ids as fields and prints as other agents print it', () => {
    const span = { traceId: '1.2.3', segmentId: '4.5.6', spanId: 2 };
    const found = logContextOf(span, 'orders', 'orders-1');
    expect({ ...found }).toEqual({ ...span, service: 'orders', instance: 'orders-1' });
    expect(String(found)).toBe('[SW_CTX:[orders,orders-1,1.2.3,4.5.6,2]]');
    expect(String(logContextOf({ ...span, segmentId: '', spanId: -1 }, 'orders', ''))).toBe(
      '[SW_CTX:[orders,N/A,1.2.3,N/A,-1]]',
    );
  });
});
