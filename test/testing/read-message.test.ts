import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeMessage } from '../../src/testing/server/codec';
import { messageType } from '../../src/testing/server/schema';
import { encodeV3 } from './v3-client';

const FIXTURES = path.join(__dirname, '..', '..', 'fixtures');
const vector = (name: string): Buffer =>
  Buffer.from(readFileSync(path.join(FIXTURES, `${name}.hex`), 'utf8').trim(), 'hex');
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('a message is read', () => {
  it.each([
    ['v2', 'UpstreamSegment', 'segments/upstream-v2'],
    ['v2', 'SegmentObject', 'segments/segment-v2-entry-exit-ids'],
    ['v2', 'SegmentObject', 'segments/segment-v2-names-ref-error'],
    ['v2', 'ServiceInstances', 'wire/register-instance'],
    ['v2', 'Commands', 'wire/commands-reset'],
    ['v3', 'SegmentObject', 'segments/segment-v3-entry-exit'],
  ] as const)('as protobufjs does, where it is one: %s %s of %s', (contract, name, file) => {
    const type = messageType(contract, name);
    const asProtobufjs = type.toObject(type.decode(vector(file)), {
      ...{ longs: String, enums: String, bytes: Buffer, defaults: true, arrays: true },
    });
    expect(decodeMessage(type, vector(file))).toEqual(asProtobufjs);
  });

  it('without the fields that are of another kind than they should be, or of no kind', () => {
    const type = messageType('v3', 'InstancePingPkg');
    // Field 1 as a number, field 2 as a text, field 9 as anything.
    expect(decodeMessage(type, hex('08 05 12 01 61 49 0102030405060708'))).toEqual({
      service: '',
      serviceInstance: 'a',
      layer: '',
    });
  });

  it('with numbers that come packed or one by one', () => {
    const type = messageType('v2', 'UniqueId');
    expect(decodeMessage(type, hex('0a 02 01 02 08 03'))).toEqual({ idParts: ['1', '2', '3'] });
  });

  it('with numbers that are longer than they need to be', () => {
    const type = messageType('v3', 'SpanObject');
    // -1 in ten bytes, 5 in seven, and a tag of seven bytes whose low 32 bits are those of field 2.
    const bytes = hex('10 ffffffffffffffffff01 08 85808080808000 90808080808000 04');
    expect(decodeMessage(type, hex('10 ffffffffffffffffff01'))).toMatchObject({ parentSpanId: -1 });
    expect(decodeMessage(type, bytes)).toMatchObject({ spanId: 5, parentSpanId: 4 });
  });

  it('with the last of those of which there can be only one', () => {
    const type = messageType('v3', 'MeterData');
    const both = Buffer.concat([
      encodeV3('MeterData', { singleValue: { name: 'a', value: 1 } }),
      encodeV3('MeterData', { histogram: { name: 'b' } }),
    ]);
    expect(decodeMessage(type, both)).toMatchObject({ histogram: { name: 'b' } });
    expect(decodeMessage(type, both)).not.toHaveProperty('singleValue');
  });
});

describe('a message is refused', () => {
  it.each([
    ['ends in the middle of a field', '0a 05 61'],
    ['ends in the middle of a number', '08 80'],
    ['has a number of eleven bytes', '4880808080808080808080 01'],
    ['has a field 0', '00 00'],
    ['ends a group that never began', '0c'],
    ['has a text that is no UTF-8', '0a 02 c3 28'],
  ])('that %s', (_, text) => {
    expect(() => decodeMessage(messageType('v3', 'InstancePingPkg'), hex(text))).toThrow();
  });

  it('whose inner message runs on into the outer one', () => {
    // The span says that its name has 3 bytes, and has room for one; two more follow.
    expect(() => decodeMessage(messageType('v3', 'SegmentObject'), hex('1a 03 32 03 61 22 00'))).toThrow();
  });
});
