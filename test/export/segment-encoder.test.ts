import { Span } from '../../src/model/segment';
import { SpanType } from '../../src/model/components';
import { SegmentEncoder } from '../../src/export/open-batch';
import { v2SegmentCodec } from '../../src/protocol/v2/segment-codec';
import { someNames } from '../support/wire/names';
import { oracleDecode, oracleFrame } from '../support/wire/oracle';
import { entryAndExit, failedWithRef } from '../support/wire/segments';

const MIB = 1024 * 1024;

describe('the segment encoder', () => {
  const names = someNames();
  let encoder: SegmentEncoder;

  beforeEach(() => {
    encoder = new SegmentEncoder();
  });

  it('writes segments one behind the other', () => {
    const segments = [entryAndExit(), failedWithRef(), entryAndExit()];
    for (const segment of segments) expect(encoder.append(segment, v2SegmentCodec, names)).toBe('whole');
    const expected = Buffer.concat(segments.map((segment) => oracleFrame(segment, names)));
    expect(encoder.length).toBe(expected.length);
    expect(encoder.take().equals(expected)).toBe(true);
    expect(encoder.length).toBe(0);
    expect(encoder.take().length).toBe(0);
  });

  it('hands out bytes that later segments do not touch', () => {
    encoder.append(entryAndExit(), v2SegmentCodec, names);
    const first = encoder.take();
    const before = Buffer.from(first);
    encoder.append(failedWithRef(), v2SegmentCodec, names);
    encoder.take();
    expect(first.equals(before)).toBe(true);
  });

  it('grows past its usual size without losing what it held', () => {
    const expected: Buffer[] = [];
    for (let i = 0; i < 20; i++) {
      const segment = entryAndExit();
      segment.spans[0]!.tags = ['big', '⚓'.repeat(10_000)];
      encoder.append(segment, v2SegmentCodec, names);
      expected.push(oracleFrame(segment, names));
    }
    expect(encoder.take().equals(Buffer.concat(expected))).toBe(true);
  });

  it('sends a segment that no backend would take without its tags and logs, and those around it whole', () => {
    const huge = failedWithRef();
    huge.spans[0]!.tags = ['huge', 'x'.repeat(5 * MIB)];
    expect(encoder.append(entryAndExit(), v2SegmentCodec, names)).toBe('whole');
    expect(encoder.append(huge, v2SegmentCodec, names)).toBe('bare');
    expect(encoder.append(entryAndExit(), v2SegmentCodec, names)).toBe('whole');
    huge.spans[0]!.tags = undefined;
    huge.spans[0]!.logs = undefined;
    const expected = [entryAndExit(), huge, entryAndExit()].map((segment) => oracleFrame(segment, names));
    expect(encoder.take().equals(Buffer.concat(expected))).toBe(true);
  });

  it('measures bytes, not characters', () => {
    const huge = entryAndExit();
    huge.spans[0]!.tags = ['huge', '⚓'.repeat(1.5 * MIB)];
    expect(encoder.append(huge, v2SegmentCodec, names)).toBe('bare');
    huge.spans[0]!.tags = ['large', 'x'.repeat(3.9 * MIB)];
    expect(encoder.append(huge, v2SegmentCodec, names)).toBe('whole');
    expect(encoder.take().subarray(300).includes('large')).toBe(true);
  });

  it('leaves out a segment that is too large even so', () => {
    const hopeless = entryAndExit();
    hopeless.spans[0]!.operationName = 'x'.repeat(5 * MIB);
    expect(encoder.append(hopeless, v2SegmentCodec, names)).toBe('left-out');
    expect(encoder.length).toBe(0);
  });

  it('throws at nothing that an application might have put into a span', () => {
    const segment = entryAndExit();
    segment.spans[0]!.tags = [1, null, undefined, {}, 'fine', 'fine'] as unknown as string[];
    segment.spans[1]!.tags = [Symbol('s'), { length: 3 }] as unknown as string[];
    segment.spans[1]!.endTime = NaN;
    segment.add(new Span(segment, 0.5, -1, SpanType.local, 'fraction', -1.5));
    expect(() => encoder.append(segment, v2SegmentCodec, names)).not.toThrow();
    encoder.append(entryAndExit(), v2SegmentCodec, names);
    const bytes = encoder.take();
    expect(bytes.subarray(-oracleFrame(entryAndExit(), names).length).equals(oracleFrame(entryAndExit(), names))).toBe(
      true,
    );
  });

  it('survives a clock that was never set', () => {
    const segment = entryAndExit();
    segment.spans[0]!.endTime = -5;
    encoder.append(segment, v2SegmentCodec, names);
    const upstream = oracleDecode('UpstreamSegment', encoder.take().subarray(5));
    expect(oracleDecode('SegmentObject', upstream.segment as Buffer).spans).toMatchObject([{ endTime: '-5' }, {}]);
  });
});
