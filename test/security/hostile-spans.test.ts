import { api, bridged, unbridge } from '../instrument/opentelemetry/fixture';
import { Component, Layer } from '../../src/model/components';
import { context } from '../../src/tracing/context';
import { tagsOf } from '../support/tracing';
import type { Attributes, Span as Told } from 'otel-api-1-9';
import type { Span } from '../../src/model/segment';
import type { Tracer } from '../../src/tracing/tracer';

afterEach(unbridge);

const { context: otel, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;

function openRequest(tracer: Tracer): Span {
  const entry = tracer.openEntry('/orders')!;
  return Object.assign(entry, { layer: Layer.http, componentId: Component.httpServer, method: 'GET' });
}

function refuse(): never {
  throw new Error('refused');
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const REFUSING = new Proxy({}, { get: refuse, ownKeys: refuse, getPrototypeOf: refuse, has: refuse });
const cyclic: unknown[] = [];
cyclic.push(cyclic);
const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) as unknown;

/** What an application may hand on of what a caller has sent, and what only a hostile package makes. */
const VALUES: readonly (readonly [string, unknown])[] = [
  ['an array within arrays, 50,000 deep', deep],
  ['an array of symbols', [Symbol('a')]],
  ['an array of objects without a prototype', [Object.create(null)]],
  ['an array that holds itself', cyclic],
  ['an array of four thousand million holes', new Array(2 ** 32 - 1)],
  ['a proxy that refuses all', REFUSING],
  ['an array that was revoked', revoked([])],
  ['an object whose text is none', { toString: refuse }],
  ['a getter that throws', Object.defineProperty({}, 'a', { get: refuse, enumerable: true })],
  ['a symbol', Symbol('a')],
  ['a function', refuse],
];

const QUERY = { 'db.system': 'postgresql', 'db.statement': 'SELECT 1', 'server.address': 'host' };

/** Microseconds. */
function cpuOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

describe('a span of OpenTelemetry', () => {
  it.each(VALUES)('throws nothing into the application whatever it is told: %s', (_title, value) => {
    const { tracer, spans } = bridged();
    const given = value as never;
    const tell = (span: ReturnType<typeof trace.getActiveSpan>): void => {
      span!
        .setAttribute('key', given)
        .setAttribute(given, 'value')
        .setAttributes(given)
        .setAttributes({ key: given })
        .addEvent(given, given, given)
        .addEvent('event', { key: given })
        .setStatus(given)
        .setStatus({ code: SpanStatusCode.ERROR, message: given })
        .updateName(given);
      (span as unknown as { addLinks(links: unknown): void }).addLinks(given);
      (span as unknown as { addLinks(links: unknown): void }).addLinks([given]);
      (span as unknown as { addLink(link: unknown): void }).addLink({ context: given });
      span!.recordException(given, given);
    };
    const entry = openRequest(tracer);
    context.run(entry, () => {
      tell(trace.getActiveSpan());
      const span = trace.getTracer('app').startSpan('work');
      tell(span);
      span.end(given);
      const options = { attributes: given, links: given, startTime: given, kind: given };
      trace.getTracer(given, given).startSpan(given, options, given).end();
      trace.getTracer('app').startSpan('given', given).end();
      const work = (active: typeof span): number => (active.end(), 7);
      expect(trace.getTracer('app').startActiveSpan('in', {}, given, work)).toBe(7);
      expect(trace.getTracer('app').startActiveSpan('active', { attributes: { key: given } }, work)).toBe(7);
    });
    tracer.end(entry);
    expect(spans().map(({ operationName }) => operationName)).toContain('active');
  });

  it.each(VALUES)('hands on nothing, and throws nothing, where a carrier or a context is none: %s', (_title, value) => {
    const { tracer } = bridged();
    const given = value as never;
    const entry = openRequest(tracer);
    context.run(entry, () => {
      const getter = { get: () => given, keys: () => [] };
      expect(typeof propagation.extract(otel.active(), given, getter)).toBe('object');
      propagation.inject(otel.active(), given, { set: refuse });
      expect(otel.with(given, () => 7)).toBe(7);
      expect(otel.bind(given, () => 7)()).toBe(7);
      otel.bind(otel.active(), given);
      const own = trace.setSpan(ROOT_CONTEXT, given);
      expect(otel.with(own, () => 7)).toBe(7);
      trace.getTracer('app').startSpan('work', {}, own).end();
    });
    tracer.end(entry);
  });
});

describe('what a span of OpenTelemetry is told', () => {
  it('does not become the prototype of its attributes', () => {
    const { tracer, spans } = bridged();
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, n]));
    const span = trace.getTracer('app').startSpan('work');
    span.setAttributes(
      JSON.parse(`{"__proto__":${JSON.stringify({ ...many, 'db.system': 'mysql' })},"own":1}`) as Attributes,
    );
    span.end();
    expect(tagsOf(spans()[0])).toEqual({ own: '1' });
    expect(tracer.leftOut.droppedAttributes).toBe(0);
  });

  it('is shown in full where it is a list of a few, and cut where it is one of very many', () => {
    const { spans } = bridged();
    const span = trace.getTracer('app').startSpan('work');
    span.setAttributes({ few: ['a', null, 'b'], many: new Array<string>(1_000_000).fill('abc') });
    span.end();
    const { few, many } = tagsOf(spans()[0]);
    expect([few, many?.length, many?.slice(0, 8)]).toEqual(['a,,b', 2_048, 'abc,abc,']);
  });

  it.each([
    ['a list within a list', (many: unknown) => ({ key: [many] })],
    ['what a statement was called with', (many: unknown) => ({ ...QUERY, 'db.postgresql.values': many })],
    ['a list within that', (many: unknown) => ({ ...QUERY, 'db.query.parameter.0': [many] })],
  ])('is read as far as it is shown, and no further: %s', (_what, attributesWith) => {
    bridged({ sqlParameters: true });
    let reads = 0;
    const get = (list: string[], key: string): unknown => (reads++, Reflect.get(list, key));
    const many = new Proxy(new Array<string>(100_000).fill('abc'), { get });
    const span = trace.getTracer('app').startSpan('work', { kind: SpanKind.CLIENT });
    span.setAttributes(attributesWith(many) as Attributes).addEvent('event', { key: [many] } as never);
    span.end();
    expect(reads).toBeGreaterThan(100);
    expect(reads).toBeLessThan(5_000);
  });

  it.each([
    ['as attributes', (many: unknown) => (span: Told) => span.setAttributes(many as Attributes)],
    ['with an event', (many: unknown) => (span: Told) => span.addEvent('event', many as Attributes)],
    ['as links', (many: unknown) => (span: Told) => span.addLinks(many as never)],
  ])('is read as far as a span has room for it, however many there are: %s', (_what, tellOf) => {
    const { tracer } = bridged();
    let reads = 0;
    const get = (): string => (reads++, 'a');
    const keys = Array.from({ length: 100_000 }, (_, n) => `k${n}`);
    const many = Object.defineProperties({}, Object.fromEntries(keys.map((key) => [key, { get, enumerable: true }])));
    const tell = tellOf(many);
    const span = trace.getTracer('app').startSpan('work');
    tell(span);
    span.end();
    const entry = openRequest(tracer);
    context.run(entry, () => tell(trace.getActiveSpan()!));
    tracer.end(entry);
    expect(reads).toBeGreaterThan(60);
    expect(reads).toBeLessThan(1_000);
  });

  it.each(['messaging.system', 'db.system'])(
    'is no more than a name where objects have something of that name: %s',
    (key) => {
      const { spans } = bridged();
      for (const name of ['constructor', '__proto__', 'toString'])
        trace
          .getTracer('app')
          .startSpan('work', { kind: SpanKind.PRODUCER, attributes: { [key]: name, 'server.address': 'host' } })
          .end();
      for (const span of spans()) {
        expect(span).toMatchObject({ peer: 'host', componentId: 0 });
        expect(span.operationName).toMatch(/^(constructor|__proto__|toString)\//);
      }
    },
  );

  it('is nothing where a span is to be started for work that is missing', () => {
    bridged();
    const tracer = trace.getTracer('app') as unknown as { startActiveSpan(name: string): unknown };
    expect(tracer.startActiveSpan('work')).toBe(undefined);
  });

  it.each([
    ['bytes', new Uint8Array(20_000_000), new Uint8Array(2_000_000)],
    ['a number of a million digits', 2n ** 3_000_000n, 2n ** 300_000n],
  ])('costs less than a tenth of it as text: %s', (_what, value, tenth) => {
    bridged();
    const asText = cpuOf(() => String(tenth));
    // The least of some: the garbage of other tests takes its time.
    const costs = Array.from({ length: 4 }, () => {
      const span = trace.getTracer('app').startSpan('work');
      return cpuOf(() => span.setAttribute('key', value as never).end());
    });
    expect(Math.min(...costs)).toBeLessThan(asText);
  });

  it.each(['url.full', 'http.url', 'http.target'])(
    'is recorded without user and password however long these are: %s',
    (key) => {
      const { tracer, spans } = bridged();
      const entry = tracer.openEntry('queue')!;
      const attributes = [3_000, 100_000].map((length) => ({ [key]: `https://user:${'p'.repeat(length)}@host/path` }));
      context.run(entry, () => {
        for (const told of attributes) {
          trace.getActiveSpan()!.setAttributes(told);
          const http = { 'http.request.method': 'GET', 'server.address': 'host' };
          for (const kind of [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.SERVER]) {
            trace.getTracer('app').startSpan('work', { kind, attributes: told }).end();
            trace
              .getTracer('app')
              .startSpan('GET', { kind, attributes: { ...http, ...told } })
              .end();
          }
        }
      });
      tracer.end(entry);
      const told = JSON.stringify(
        spans().map(({ operationName, peer, url, tags }) => [operationName, peer, url, tags]),
      );
      expect(told).not.toMatch(/user|ppp/);
    },
  );

  it.each(['url.full', 'http.url', 'http.target'])(
    'is recorded without user, password and query where it is a URL: %s',
    (key) => {
      const { tracer, spans } = bridged();
      const url = 'https://user:p@ss@host:8443/path?token=secret#secret';
      const entry = tracer.openEntry('queue')!;
      context.run(entry, () => {
        trace.getActiveSpan()!.setAttributes({ [key]: url, 'url.query': 'token=secret' });
        const tracerOfApi = trace.getTracer('app');
        tracerOfApi.startSpan('local', { attributes: { [key]: url, 'url.query': 'token=secret' } }).end();
        const http = { 'http.request.method': 'GET', 'server.address': 'host' };
        tracerOfApi.startSpan('GET', { kind: SpanKind.CLIENT, attributes: { ...http, [key]: url } }).end();
        tracerOfApi.startSpan('rpc', { kind: SpanKind.CLIENT, attributes: { 'rpc.system': 'x', [key]: url } }).end();
      });
      tracer.end(entry);
      const told = JSON.stringify(
        spans().map(({ operationName, peer, tags, logs }) => [operationName, peer, tags, logs]),
      );
      expect(told).toContain('https://host:8443/path');
      expect(told).not.toMatch(/user|p@|ss@|secret/);
    },
  );

  it.each([
    ['user:secret@host:443', 'host:443'],
    ['https:/user:secret@host/path', 'https:/host/path'],
    ['https:user:secret@host/path', 'host/path'],
    ['https:///user:secret@host/path', 'https:///host/path'],
    ['/proxy/https:/user:secret@host/path', '/proxy/https:/host/path'],
    ['user:'.concat('p'.repeat(100_000)), ''],
    ['/users/me@home', '/users/me@home'],
    ['/proxy/HTTP:\\user:secret@host/path', '/proxy/HTTP:\\host/path'],
    ['/files/C:/report@v2.pdf', '/files/C:/report@v2.pdf'],
    ['https://host/npm:/react@18', 'https://host/npm:/react@18'],
  ])('is recorded without user and password where its URL is an unusual one, case %#', (url, shown) => {
    const { tracer, spans } = bridged();
    const entry = tracer.openEntry('queue')!;
    context.run(entry, () => {
      for (const key of ['url.full', 'http.url', 'http.target'])
        trace
          .getTracer('app')
          .startSpan('local', { attributes: { [key]: url } })
          .end();
      const http = { 'http.request.method': 'GET', 'server.address': 'host', 'url.full': url };
      trace.getTracer('app').startSpan('GET', { kind: SpanKind.CLIENT, attributes: http }).end();
    });
    tracer.end(entry);
    const told = spans().flatMap(({ tags = [] }) =>
      tags.filter((_tag, n) => n % 2 === 1 && /url|target/.test(String(tags[n - 1]))),
    );
    expect(new Set(told)).toEqual(new Set([shown]));
    expect(JSON.stringify(spans().map(({ operationName }) => operationName))).not.toMatch(/secret|ppp/);
  });

  it('is found however long work goes on in a context of the API, each step begun within its last', () => {
    const { tracer } = bridged();
    const key = Symbol('key');
    let active = otel.with(ROOT_CONTEXT.setValue(key, 7), () => otel.active());
    for (let n = 0; n < 100_000; n++) active = otel.with(active, () => tracer.trace('step', () => otel.active()));
    expect(active.getValue(key)).toBe(7);
  });
});

describe('an API of OpenTelemetry that others have registered first', () => {
  const PLACE = Symbol.for('opentelemetry.js.api.1');
  const place = globalThis as { [PLACE]?: object };
  afterEach(() => void Reflect.deleteProperty(place, PLACE));

  it.each([
    ['frozen', Object.freeze({ version: '1.9.0' })],
    ['a text', 'none' as unknown as object],
  ])('is left alone, and nothing is thrown: %s', (_title, registered) => {
    place[PLACE] = registered;
    expect(bridged().undo).toBe(undefined);
    expect(place[PLACE]).toBe(registered);
  });
});
