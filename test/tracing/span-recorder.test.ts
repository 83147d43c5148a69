import { Int64Id } from '../../src/model/ids';
import { RefType } from '../../src/model/components';
import { logsOf, tracing } from '../support/tracing';
import type { SegmentRef } from '../../src/model/segment';

const REF: SegmentRef = {
  epoch: 1,
  refType: RefType.crossProcess,
  parentSegmentId: new Int64Id([4n, 5n, 6n]),
  parentSpanId: 2,
  parentInstanceId: 11,
  entryInstanceId: 11,
  networkAddress: '127.0.0.1:8080',
  entryEndpoint: '/portal',
  parentEndpoint: '/portal',
};

describe('a span', () => {
  it('may be asked for by several places', () => {
    const { tracer } = tracing();
    const entry = tracer.openEntry('/')!;
    for (let n = 0; n < 100; n++) tracer.details.link(entry, REF);
    expect(entry.refs).toHaveLength(64);
    expect(tracer.leftOut.droppedAttributes).toBe(36);
  });

  it.each([
    ['its class', new RangeError('a'), true],
    ['a class that it extends', new (class Lost extends RangeError {})('a'), true],
    ['its name', Object.assign(new Error('a'), { name: 'NotFound' }), true],
    ['its code', Object.assign(new Error('a'), { code: 'ECONNRESET' }), true],
    ['nothing that is ignored', new TypeError('a'), false],
    ['no class', Object.create(null), false],
    ['nothing', undefined, false],
  ])('has a log of an exception with %s, and is failed only by one that is not ignored', (_, error, isIgnored) => {
    const { tracer } = tracing({ ignoredExceptions: ['RangeError', 'NotFound', 'ECONNRESET'] });
    const span = tracer.openLocal('work')!;
    tracer.details.fail(span, error);
    expect(span.isError).toBe(!isIgnored);
    expect(logsOf(span)).toMatchObject([{ event: 'error' }]);
  });

  it('has an error as a log, and is marked', () => {
    const { tracer, clock } = tracing();
    const span = tracer.openLocal('work')!;
    tracer.details.fail(span, new RangeError('too far'));
    expect(span.isError).toBe(true);
    expect(span.logs![0]!.time).toBe(clock.now());
    expect(logsOf(span)[0]).toMatchObject({
      event: 'error',
      'error.kind': 'RangeError',
      message: 'too far',
      stack: expect.stringContaining('span-recorder.test'),
    });
  });

  it('takes whatever the application passes, and never throws', () => {
    const { tracer } = tracing();
    const refusing = new Proxy({}, { get: () => { throw new Error('no'); }, ownKeys: () => { throw new Error('no'); } }); // prettier-ignore
    const hostile: unknown[] = [undefined, null, NaN, 10n, Symbol('s'), () => 1, [], {}, Object.create(null), refusing];
    for (const value of hostile) {
      const span = tracer.openLocal(value as string)!;
      tracer.details.tag(span, value as string, value);
      tracer.details.log(span, value as Record<string, unknown>);
      tracer.details.log(span, { value });
      tracer.details.fail(span, value);
      tracer.rename(span, value as string);
      tracer.end(span);
      const strings = [span.operationName, ...span.tags!, ...span.logs!.flatMap(({ data }) => data)];
      expect(strings.filter((string) => typeof string !== 'string')).toEqual([]);
    }
  });

  it('has each tag once, with its last value', () => {
    const { tracer } = tracing();
    const span = tracer.openLocal('work')!;
    for (const [key, value] of [['a', 1], ['b', 2], ['a', 3]] as const) tracer.details.tag(span, key, value); // prettier-ignore
    expect(span.tags).toEqual(['a', '3', 'b', '2']);
    for (let n = 0; n < 1_000; n++) tracer.details.tag(span, 'a', n);
    expect(span.tags).toEqual(['a', '999', 'b', '2']);
    expect(tracer.leftOut.droppedAttributes).toBe(0);
  });

  it.each([
    ['x-le', '{"name":"/logic","latency":12.5,"status":false}'],
    ['x-le', '{"name":"/logic","latency":0,"status":true,"more":[]}'],
    ['x-le', '{"logic-span":true}'],
    ['transmission.latency', 12],
    ['transmission.latency', -1n],
    ['x-lex', 'a'],
  ])('keeps a tag that a backend can read: %s=%s', (key, value) => {
    const { tracer } = tracing();
    const span = tracer.openLocal('work')!;
    tracer.details.tag(span, key, value);
    expect(span.tags).toEqual([key, String(value)]);
    expect(tracer.leftOut.renamed).toBe(0);
  });

  it.each([
    ['x-le', 'a'],
    ['x-le', ''],
    ['x-le', null],
    ['x-le', '7'],
    ['x-le', '"text"'],
    ['x-le', '[{"name":"/logic","latency":12,"status":true}]'],
    ['x-le', '{}'],
    ['x-le', '{"logic-span":false}'],
    ['x-le', '{"logic-span":"true"}'],
    ['x-le', '{"name":null,"logic-span":true}'],
    ['x-le', '{"name":"","latency":12,"status":true}'],
    ['x-le', '{"name":"/logic","latency":"12","status":true}'],
    ['x-le', '{"name":"/logic","latency":1e999,"status":true}'],
    ['x-le', '{"name":"/logic","latency":12}'],
    ['x-le', `{"name":"${'x'.repeat(2_048)}","latency":12,"status":true}`],
    ['transmission.latency', 12.5],
    ['transmission.latency', ''],
    ['transmission.latency', '9'.repeat(19)],
  ])('renames a tag that a backend would lose the segment for: %s=%s', (key, value) => {
    const { tracer } = tracing();
    const span = tracer.openLocal('work')!;
    tracer.details.tag(span, key, value);
    expect(span.tags!.filter((_, index) => index % 2 === 0)).toEqual([`${key}.invalid`]);
    expect(tracer.leftOut.renamed).toBe(1);
  });

  it.each([
    ['url', 'http://b/c', 'url', 'http://b/c'],
    ['http.status_code', 503, 'statusCode', 503],
    ['status_code', 503, 'statusCode', 503],
    ['status_code', 'teapot', 'statusCode', 200],
    ['http.method', 'PUT', 'method', 'GET'],
  ] as const)('of HTTP has no tag twice: %s = %s', (key, value, field, expected) => {
    const { tracer } = tracing();
    const span = tracer.openEntry('/a')!;
    Object.assign(span, { method: 'GET', url: 'http://a/a', statusCode: 200 });
    tracer.details.tag(span, key, value);
    expect(span.tags).toBeUndefined();
    expect(span[field]).toBe(expected);
  });

  it('takes what was thrown without being marked, and when it happened', () => {
    const { tracer } = tracing();
    const span = tracer.openEntry('/a')!;
    tracer.details.logError(span, new TypeError('no'), 1_700_000_000_000.5);
    tracer.details.log(span, { event: 'retry' }, 1_700_000_000_001);
    tracer.end(span);
    tracer.details.logError(span, new TypeError('late'));
    expect(span.isError).toBe(false);
    expect(logsOf(span)).toEqual([
      expect.objectContaining({ event: 'error', 'error.kind': 'TypeError', message: 'no' }),
      { event: 'retry' },
    ]);
    expect(span.logs!.map(({ time }) => time)).toEqual([1_700_000_000_000, 1_700_000_000_001]);
  });

  it('is bounded in every direction', () => {
    const { tracer } = tracing();
    const span = tracer.openLocal('n'.repeat(10_000))!;
    tracer.details.tag(span, 'k'.repeat(10_000), 'v'.repeat(10_000));
    for (let n = 0; n < 1_000; n++) tracer.details.tag(span, `k${n}`, n);
    tracer.details.log(span, Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, n])));
    for (let n = 0; n < 1_000; n++) tracer.details.fail(span, 'again');
    expect(span.operationName).toHaveLength(512);
    expect(span.tags!.slice(0, 2).map((tag) => tag.length)).toEqual([256, 2048]);
    expect(span.tags!.length).toBe(2 * 128);
    expect(span.logs!.length).toBe(64);
    expect(span.logs![0]!.data.length).toBe(2 * 32);
    expect(tracer.leftOut.droppedAttributes).toBe(873 + 937);
  });

  it('that has ended takes nothing more: its segment may be on its way', () => {
    const { tracer, segments } = tracing();
    const span = tracer.openLocal('work')!;
    tracer.end(span);
    tracer.details.tag(span, 'late', 1);
    tracer.details.log(span, { late: 1 });
    tracer.details.fail(span, new Error('late'));
    tracer.details.link(span, REF);
    const sent = segments[0]!.spans[0]!;
    expect([sent.tags, sent.logs, sent.isError, sent.refs]).toEqual([undefined, undefined, false, undefined]);
  });
});
