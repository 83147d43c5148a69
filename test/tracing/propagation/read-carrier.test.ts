import { readCarrier } from '../../../src/tracing/propagation/headers';
import { tracing } from '../../support/tracing';

const SW8_HEADER = [
  '1',
  'dHJhY2U=',
  'c2VnbWVudA==',
  '3',
  'b3JkZXJz',
  'b3JkZXJzLTE=',
  'L29yZGVycw==',
  'c3RvY2s6ODA=',
].join('-');
const SW6_HEADER = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';
const HEADERS = new Map([
  ['sw8', SW8_HEADER],
  ['sw8-correlation', 'a2V5:dmFsdWU='],
  ['sw8-x', '1- '],
]);

/** The shapes in which libraries hold a header's value. */
const VALUES: Readonly<Record<string, (text: string) => unknown>> = {
  'a string': (text) => text,
  'a buffer': (text) => Buffer.from(text),
  'a list of one string': (text) => [text],
  'a list of one buffer': (text) => [Buffer.from(text)],
  'a part of an array of bytes': (text) => new Uint8Array(Buffer.from(` ${text}`)).subarray(1),
};

describe('a carrier read by its getter', () => {
  it.each(Object.entries(VALUES))('goes on with the trace when the values are %s', (_shape, of) => {
    const { tracer } = tracing();
    const get = (name: string): unknown => {
      const text = HEADERS.get(name);
      return text === undefined ? undefined : of(text);
    };
    const { segment, refs } = tracer.openEntry('orders', readCarrier({ get }))!;
    expect(String(segment.traceId)).toBe('trace');
    expect(refs).toEqual([expect.objectContaining({ parentSpanId: 3, parentService: 'orders' })]);
    expect(segment.correlation).toEqual(new Map([['key', 'value']]));
    expect(segment.skipsAnalysis).toBe(true);
    expect(segment.carrier).toBe(SW8_HEADER);
  });

  it('goes on with the trace of a v2 header as a header object does', () => {
    const { tracer } = tracing();
    const byHeaders = tracer.openEntry('orders', { sw6: SW6_HEADER })!;
    const byGetter = tracer.openEntry('orders', readCarrier(new Map([['sw6', SW6_HEADER]])))!;
    expect(byGetter.refs).toHaveLength(1);
    expect(byGetter.refs).toEqual(byHeaders.refs);
  });

  it('is none when the values are no text, or when the getter throws', () => {
    const { tracer } = tracing();
    for (const value of [
      undefined,
      null,
      7,
      {},
      [],
      [7],
      [SW8_HEADER, SW8_HEADER],
      Buffer.alloc(1_000_000, SW8_HEADER),
    ])
      expect(tracer.openEntry('orders', readCarrier({ get: () => value }))!.refs).toBeUndefined();
    const get = (): never => {
      throw new Error('of the application');
    };
    expect(tracer.openEntry('orders', readCarrier({ get }))!.refs).toBeUndefined();
  });
});
