import { Log } from '../../../src/base/log';
import { keepSecret } from '../../../src/base/text';
import { SegmentEncoder } from '../../../src/export/open-batch';
import { RefType, SpanType, USER_ENDPOINT } from '../../../src/model/components';
import { CompactId, Int64Id } from '../../../src/model/ids';
import type { NameBounds, V2Names } from '../../../src/model/names';
import { Segment, Span, type V2Ref } from '../../../src/model/segment';
import { encodingByName, spoolCodec } from '../../../src/protocol/segments/spool-codec';
import { Dictionary, v2CarrierNames, v2Names } from '../../../src/protocol/v2/dictionary';
import { nameBounds } from '../../../src/protocol/v2/names';
import { v2SegmentCodec } from '../../../src/protocol/v2/segment-codec';
import { formatSw6, parseSw6, type Sw6 } from '../../../src/protocol/v2/sw6/carrier';
import type { IncomingHeaders } from '../../../src/tracing/propagation/headers';
import { FakeClock } from '../../support/fake-clock';
import { tracing } from '../../support/tracing';
import { oracleDecode } from '../../support/wire/oracle';

const IDS = { epoch: 1, serviceId: 3, instanceId: 7 };
const REGISTERED = { ...IDS, protocol: 'v2', phase: 'registered', trust: 'verified' } as const;
/** Every kind of character, and one whose half stands where the name is cut; what is left of each, and of an address. */
const LONG = {
  ASCII: [`/${'x'.repeat(511)}`, `/${'x'.repeat(149)}`, `/${'x'.repeat(149)}`],
  Chinese: [`/${'漢'.repeat(511)}`, `/${'漢'.repeat(149)}`, `/${'漢'.repeat(149)}`],
  'of pairs': [`/${'😀'.repeat(255)}`, `/${'😀'.repeat(74)}`, `/${'😀'.repeat(74)}`],
  'just too long': ['y'.repeat(151), 'y'.repeat(150), 'y'.repeat(151)],
  'too long for an address': ['y'.repeat(288), 'y'.repeat(150), 'y'.repeat(150)],
} as const;
const anyLong = Object.entries(LONG).map(([what, [long, cut, address]]) => [what, long, cut, address] as const);
/** Elasticsearch takes ids of 512 bytes, tables keys of 300 characters: the id of a service and the kind stand beside. */
const MOST_BYTES = 512 - 13;
const MOST_CHARACTERS = 300 - 13;

let clock: FakeClock;
let said: string[];
let dictionaries: { bounds: NameBounds; endpoints: Dictionary; networkAddresses: Dictionary };
let names: V2Names;

beforeEach(() => {
  said = [];
  clock = new FakeClock();
  const say = (line: string): void => void said.push(line);
  const log = new Log(clock, { error: say, warn: say, info: say, debug: say });
  const [endpoints, networkAddresses] = [new Dictionary(clock), new Dictionary(clock)];
  dictionaries = { bounds: nameBounds(log), endpoints, networkAddresses };
  names = v2Names(REGISTERED, dictionaries);
});

interface Shown {
  readonly operationName: string;
  readonly operationNameId: number;
  readonly peer: string;
  readonly peerId: number;
  readonly refs: readonly Readonly<Record<string, unknown>>[];
}

/** The spans as a backend gets them. */
function sent(segment: Segment): Shown[] {
  const encoder = new SegmentEncoder();
  expect(encoder.append(segment, v2SegmentCodec, names)).toBe('whole');
  const upstream = oracleDecode('UpstreamSegment', encoder.take().subarray(5));
  return oracleDecode('SegmentObject', upstream.segment as Buffer).spans as Shown[];
}

function segmentOf(name: string, ref?: Partial<V2Ref>): Segment {
  const id = new CompactId(7, 1, 1_700_000_000_000, 1);
  const segment = new Segment(id, id);
  const types = [SpanType.exit, SpanType.local, SpanType.entry];
  for (const [at, type] of types.entries()) segment.add(new Span(segment, 2 - at, 1 - at, type, name, 1));
  segment.spans[0]!.peer = name;
  if (ref) segment.spans[2]!.refs = [{ ...refBy(name), ...ref }];
  return segment;
}

function refBy(name: string): V2Ref {
  return {
    epoch: 1,
    refType: RefType.crossProcess,
    parentSegmentId: new Int64Id([1n, 2n, 3n]),
    parentSpanId: 0,
    parentInstanceId: 7,
    entryInstanceId: 7,
    networkAddress: name,
    entryEndpoint: name,
    parentEndpoint: name,
  };
}

function answer(dictionary: Dictionary, id: number): string[] {
  const asked = dictionary.batch();
  dictionary.applyIds(asked, new Map(asked.map((name) => [name, id])));
  return asked;
}

/** What a call says that is made in a request. */
function sw6Behind(path: string, incoming: IncomingHeaders, peer: string): Sw6 {
  const identity = v2CarrierNames(REGISTERED, dictionaries, () => true);
  const { tracer } = tracing({ names: () => identity, carrierEpoch: () => 1 });
  const headers: Record<string, string> = {};
  const exit = tracer.openExit('call', peer, tracer.openEntry(path, incoming))!;
  tracer.inject(exit, headers, (into, name, value) => (into[name] = value));
  return parseSw6(headers.sw6)!;
}

describe('a name that a v2 backend has no room for', () => {
  it.each(anyLong)(
    '%s is cut wherever a segment holds it, between characters, and is asked for so',
    (_, long, cut, address) => {
      expect([names.fitting(long), names.fittingAddress(long)]).toEqual([cut, address]);
      const [exit, local, entry] = sent(segmentOf(long));
      expect([exit, local, entry].map((span) => span!.operationName)).toEqual([cut, cut, cut]);
      expect(exit!.peer).toBe(address);
      sent(segmentOf(long));
      expect([answer(dictionaries.endpoints, 12), answer(dictionaries.networkAddresses, 9)]).toEqual([
        [cut],
        [address],
      ]);
      const [exitById, , entryById] = sent(segmentOf(long));
      expect([exitById!.peerId, entryById!.operationNameId]).toEqual([9, 12]);
    },
  );

  it.each(anyLong)(
    '%s is the same in the carriers of what it calls, and in what came by way of ourselves',
    (_, long, cut, address) => {
      const carried = () => sw6Behind(long, {}, long);
      expect(carried()).toMatchObject({ peer: address, entryEndpoint: cut, parentEndpoint: cut });
      const [, , entry] = sent(segmentOf(long, {}));
      expect(entry!.refs).toMatchObject([{ networkAddress: address, entryEndpoint: cut, parentEndpoint: cut }]);
      for (let n = 0; n < 2; n++) sent(segmentOf(long));
      answer(dictionaries.endpoints, 12);
      answer(dictionaries.networkAddresses, 9);
      expect(carried()).toMatchObject({ peer: 9, entryEndpoint: 12, parentEndpoint: 12 });
      const ids = { networkAddressId: 9, entryEndpointId: 12, parentEndpointId: 12 };
      expect(sent(segmentOf(long, {}))[2]!.refs).toMatchObject([ids]);
    },
  );

  it.each(anyLong)(
    '%s is cut, too, where a segment has it whole from a spool or from before a backend',
    (_, long, cut) => {
      const buf = Buffer.alloc(spoolCodec.maxSize(segmentOf(long)));
      const record = (codec: typeof spoolCodec | typeof encodingByName.codec) =>
        buf.subarray(5, codec.encode(buf, 0, segmentOf(long), encodingByName.names));
      const whole = [
        spoolCodec.decode(record(spoolCodec), false),
        encodingByName.codec.decode(record(encodingByName.codec), encodingByName.names),
      ];
      for (const segment of whole) {
        expect(segment.spans.map(({ operationName }) => operationName)).toEqual([long, long, long]);
        expect(sent(segment)).toEqual(sent(segmentOf(long)));
        expect(sent(segment)[0]!.operationName).toBe(cut);
      }
    },
  );

  it('is told once, without what would steer a terminal', async () => {
    for (const [, long] of anyLong) {
      sent(segmentOf(`\u001b[2J${long}`));
      await clock.advance(3_600_000);
    }
    expect(said).toEqual([expect.stringMatching(/^names over 150 characters are cut, such as \[2J\/x{146}$/)]);
  });

  it('is told without a token, wherever it would be cut', () => {
    keepSecret('supersecrettoken');
    sent(segmentOf(`/${'z'.repeat(140)}supersecrettoken${'z'.repeat(140)}`));
    expect(said).toEqual([expect.stringContaining('zzz***zzz')]);
  });

  it('is none of 150 characters', () => {
    for (const unit of ['x', '漢', '😀']) {
      const name = unit.repeat(150 / unit.length);
      expect(names.fitting(name)).toBe(name);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MOST_BYTES);
    }
    expect(said).toEqual([]);
  });
});

describe('a name with characters that no carrier may hold', () => {
  it.each(['/a\u00adb', 'a\nb', '\u200b'])(
    '%j is no endpoint in it until there is an id: any other name is none of ours',
    (name) => {
      expect(sw6Behind(name, {}, 'stock:80')).toMatchObject({
        entryEndpoint: undefined,
        parentEndpoint: USER_ENDPOINT,
      });
      for (let n = 0; n < 2; n++) sent(segmentOf(name));
      expect(answer(dictionaries.endpoints, 12)).toEqual([name]);
      expect(sw6Behind(name, {}, 'stock:80')).toMatchObject({ entryEndpoint: 12, parentEndpoint: 12 });
    },
  );

  it.each(['/a b', '/é', 'می\u200cخواهم', '👩\u200d💻'])('is none where it is as %s, which stands in it', (name) => {
    expect(sw6Behind(name, {}, 'stock:80')).toMatchObject({ entryEndpoint: name, parentEndpoint: name });
  });
});

describe('a name that another agent has given', () => {
  const OTHERS = { parentInstanceId: 99, entryInstanceId: 98 };

  it.each([
    ['ASCII', 'x'.repeat(MOST_CHARACTERS)],
    ['Chinese, and as many bytes as there may be', `${'漢'.repeat(166)}a`],
  ])('is whole as long as a backend can have a row for it: %s', (_, name) => {
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MOST_BYTES);
    const [, , entry] = sent(segmentOf('/', { ...refBy(name), ...OTHERS }));
    expect(entry!.refs).toMatchObject([{ networkAddress: name, entryEndpoint: name, parentEndpoint: name }]);
  });

  it.each([
    ['too many characters', 'x'.repeat(MOST_CHARACTERS + 1)],
    ['too many bytes', `${'漢'.repeat(166)}ab`],
  ])('is no endpoint where it has %s, so that the segment and its trace are shown', (_, name) => {
    const [, , entry] = sent(segmentOf('/', { ...refBy(name), ...OTHERS }));
    expect(entry!.refs).toMatchObject([
      {
        ...{ parentServiceInstanceId: 99, networkAddress: name.slice(0, 150) },
        ...{ entryEndpoint: '', entryEndpointId: -1, parentEndpoint: '', parentEndpointId: 1 },
      },
    ]);
  });

  it('goes on as the first endpoint of the trace, unless a backend has no room for it', () => {
    const handedOn = (entryEndpoint: string): unknown => {
      const id = new Int64Id([1n, 2n, 3n]);
      const ids = { isSampled: true, traceId: id, parentSegmentId: id, parentSpanId: 0 };
      const sw6 = formatSw6({ ...ids, ...refBy(entryEndpoint), ...OTHERS, peer: 'shop:80' })!;
      return sw6Behind('/', { sw6 }, 'stock:80').entryEndpoint;
    };
    expect(handedOn('x'.repeat(MOST_CHARACTERS))).toBe('x'.repeat(MOST_CHARACTERS));
    expect(handedOn('x'.repeat(MOST_CHARACTERS + 1))).toBeUndefined();
  });
});
