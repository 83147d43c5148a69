import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { OpenBatch } from '../../src/export/open-batch';
import type { ExportTarget } from '../../src/export/ports';
import { RefType } from '../../src/model/components';
import { Int64Id } from '../../src/model/ids';
import type { V2Names, V3Names } from '../../src/model/names';
import type { Segment, SegmentRef } from '../../src/model/segment';
import { v2SegmentCodec } from '../../src/protocol/v2/segment-codec';
import { v3SegmentCodec } from '../../src/protocol/v3/segment-codec';
import { FakeSegments } from './fake-segment-port';
import { someNames } from '../support/wire/names';
import { entryAndExit, failedWithRef } from '../support/wire/segments';

const sender = new FakeSegments();
const MIB = 1024 * 1024;

function targetOf(names: V2Names): ExportTarget<V2Names> {
  return { sender, codec: v2SegmentCodec, names };
}

describe('the open batch', () => {
  let lines: string[];
  let open: OpenBatch;

  beforeEach(() => {
    lines = [];
    const say = (line: string) => lines.push(line);
    open = new OpenBatch(new Log(systemClock, { error: say, warn: say, info: say, debug: say }));
  });

  it('is nothing as long as it is empty', () => {
    expect(open.close(1)).toBeUndefined();
  });

  it('takes segments of one registration, and is full for those of the next', () => {
    const first = targetOf(someNames());
    expect([open.append(entryAndExit(), first), open.append(failedWithRef(), first)]).toEqual(['encoded', 'encoded']);
    const second = targetOf(someNames({ epoch: 2 }));
    expect(open.append(entryAndExit(), second)).toBe('full');
    const before = open.close(1);
    expect([before?.count, before?.matches(second.names)]).toEqual([2, false]);
    expect(open.append(entryAndExit(), second)).toBe('encoded');
    expect(open.close(1)?.matches(second.names)).toBe(true);
  });

  it('gives a segment back by its names, which the next registration encodes with its own ids', () => {
    open.append(entryAndExit(), targetOf(someNames({ endpoints: { '/orders/17': 12 } })));
    const segment = open.close(1)!.oldest();
    expect(segment.spans.map(({ operationName }) => operationName)).toEqual(['/stock', '/orders/17']);
    expect(open.append(segment, targetOf(someNames({ epoch: 2 })))).toBe('encoded');
  });

  it('is full with 2,048 segments', () => {
    const target = targetOf(someNames());
    for (let n = 0; n < 2_048; n++) open.append(entryAndExit(), target);
    expect(open.append(entryAndExit(), target)).toBe('full');
    expect(open.close(1)?.count).toBe(2_048);
  });

  it('is full with 768 KiB', () => {
    const target = targetOf(someNames());
    const large = entryAndExit();
    large.spans[0]!.tags = ['large', 'x'.repeat(MIB / 4)];
    for (let n = 0; n < 3; n++) expect(open.append(large, target)).toBe('encoded');
    expect(open.append(entryAndExit(), target)).toBe('full');
    expect(open.close(1)?.count).toBe(3);
  });

  it('logs once that a segment goes without its tags and logs', () => {
    const target = targetOf(someNames());
    const huge = entryAndExit();
    huge.spans[0]!.tags = ['huge', 'x'.repeat(5 * MIB)];
    for (const segment of [huge, entryAndExit(), huge]) expect(open.append(segment, target)).toBe('encoded');
    expect(open.close(1)?.count).toBe(3);
    expect(lines).toEqual(['a segment is too large or cannot be encoded: it goes without its tags and logs']);
  });

  it('logs once that a segment is left out, be it too large or not to be encoded', () => {
    const target = targetOf(someNames());
    const huge = entryAndExit();
    huge.spans[0]!.operationName = 'x'.repeat(5 * MIB);
    const encode = (): number => {
      throw new TypeError('not a string');
    };
    expect(open.append(huge, target)).toBe('not-encodable');
    expect(open.append(entryAndExit(), { ...target, codec: { ...v2SegmentCodec, encode } })).toBe('not-encodable');
    expect(lines).toEqual(['a segment is too large or cannot be encoded: it is left out']);
  });

  describe('of a caller that cannot be shown', () => {
    const V3_REF: SegmentRef = {
      refType: RefType.crossProcess,
      traceId: new Int64Id([7n, 8n, 9n]),
      parentSegmentId: new Int64Id([7n, 8n, 10n]),
      parentSpanId: 0,
      parentService: 'stock',
      parentInstance: 'stock-1',
      parentEndpoint: '/stock',
      addressUsedAtPeer: 'orders:80',
    };
    const calledBy = (ref: SegmentRef): Segment => {
      const segment = entryAndExit();
      segment.spans[0]!.refs = [ref];
      return segment;
    };

    it('says that it spoke v3, where the backend speaks v2', () => {
      open.append(calledBy(V3_REF), targetOf(someNames()));
      expect(lines).toEqual([
        '1 calls so far are shown without their caller: it sent sw8, and the backend speaks v2; ' +
          'a caller does that while it has no ids, as when it registers anew',
      ]);
    });

    it('says that it spoke v2, where the backend speaks v3', () => {
      const names: V3Names = { protocol: 'v3', epoch: 1, service: 'a', instance: 'a-1', endpoint: (name) => name };
      open.append(failedWithRef(), { codec: v3SegmentCodec, names });
      expect(lines).toEqual(['1 calls so far are shown without their caller: it sent sw6, and the backend speaks v3']);
    });

    it('says that its ids are no longer known, where they are of another epoch, each reason once', () => {
      const target = targetOf(someNames({ epoch: 2 }));
      for (let n = 0; n < 2; n++) {
        open.append(failedWithRef(), target);
        open.append(calledBy(V3_REF), target);
      }
      expect(lines).toEqual([
        '1 calls so far are shown without their caller: its ids were those of before a reset, or of another backend',
        expect.stringContaining('2 calls so far are shown without their caller: it sent sw8'),
      ]);
    });
  });
});
