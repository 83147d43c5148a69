import { MessageReader, Fields } from '../../../src/protocol/protobuf/control/reader';
import { readV2Id } from '../../../src/protocol/v2/segment-codec';

const cursor = (hex: string): MessageReader => new MessageReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('the fields of a message', () => {
  it('are numbers and texts by number, and what they are by default where they were left out', () => {
    const fields = new Fields(cursor('08 05  12 02 c3a9  1a 00  2001'));
    expect([fields.number(1), fields.text(2), fields.text(3), fields.isSet(4)]).toEqual([5, 'é', '', true]);
    expect([fields.number(9), fields.text(9), fields.isSet(9), fields.all(9)]).toEqual([0, '', false, []]);
  });

  it('are negative numbers and those of every length', () => {
    const numberOf = (hex: string): number => new Fields(cursor(`08 ${hex}`)).number(1);
    expect(numberOf('ffffffffffffffffff 01')).toBe(-1);
    expect(numberOf('8080808080808080f0 01')).toBe(-(2 ** 60));
    expect(numberOf('ffffffff 7f')).toBe(2 ** 35 - 1);
    expect(numberOf('ffffff 7f')).toBe(2 ** 28 - 1);
    expect(numberOf('ffffffffffffff 0f')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    ['a number is cut short', '08'],
    ['a number is cut short', '08 ff'],
    ['a number is cut short', '08 ffffffff'],
    ['a number is cut short', '0a'],
    ['a number is cut short', '12 01 61 ff'],
    ['a message is cut short', '0a 02 61'],
    ['a message is cut short', '0a ffffffff7f 61'],
    ['a message is cut short', '0a ffffffffffffffffff01 61'],
    ['a number has more than 64 bits', '08 ffffffffffffffffff 02'],
    ['a number has more than 64 bits', '08 ffffffffffffffffffffff 01'],
    ['a number has more than 64 bits', '08 ffffffffffffffff 80808080 01'],
    ['a field has no number', '00 01'],
    ['a field has no number', 'f8ffffffffffffffff01 01'],
    ['field 1 is of a kind that is never written', '0d 00000000'],
    ['field 2 is of a kind that is never written', '13 14'],
  ])('are refused where %s: %s', (why, hex) => {
    expect(() => new Fields(cursor(hex))).toThrow(why);
  });

  it('end where the message around them goes on', () => {
    // The inner one claims three bytes of which two are the next field's.
    const outer = new Fields(cursor('0a 03 0a 03 61  10 05'));
    expect(outer.number(2)).toBe(5);
    expect(() => new Fields(outer.one(1))).toThrow('a message is cut short');
    const [number] = new Fields(cursor('0a 02 08 ff  10 05')).all(1);
    expect(() => new Fields(number!)).toThrow('a number is cut short');
  });

  it('are missed where they always are', () => {
    expect(() => new Fields(cursor('08 05')).one(2)).toThrow('field 2 is not there');
    expect(() => new Fields(cursor('08 05')).one(1)).toThrow('field 1 is not there');
  });

  it('of an id are three numbers, no more and no fewer', () => {
    expect(String(readV2Id(cursor('0a 03 01 02 03')))).toBe('1.2.3');
    expect(() => readV2Id(cursor('0a 04 01 02 03 04'))).toThrow('an id has more than three parts');
    expect(() => readV2Id(cursor('0a 02 01 02'))).toThrow('a number is cut short');
    expect(() => readV2Id(cursor(''))).toThrow('field 1 is not there');
  });
});
