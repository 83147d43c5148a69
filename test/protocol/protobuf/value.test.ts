import fc from 'fast-check';
import { writeJoined, writeFastText } from '../../../src/protocol/protobuf/fast/value';

function written(write: (buf: Buffer) => number): string {
  const buf = Buffer.alloc(4_096);
  return buf.toString('hex', 0, write(buf));
}

describe('two strings written as one', () => {
  it.each([
    ['http://127.0.0.1:8080', '/hello'],
    ['', '/hello'],
    ['http://shop', ''],
    ['http://shop.example:8080', `/${'x'.repeat(15)}`],
    ['http://shop.example:8080', `/${'x'.repeat(14)}`],
    ['http://shop', `/${'x'.repeat(115)}`],
    ['http://shop', `/${'x'.repeat(116)}`],
    ['http://shop', `/${'é'.repeat(60)}`],
    ['http://caf\u00e9', '/a'],
    ['http://shop', '/⚓'],
  ])('are what they would be joined: %s and %s', (first, second) => {
    expect(written((buf) => writeJoined(buf, 0, first, second))).toBe(
      written((buf) => writeFastText(buf, 0, first + second)),
    );
  });

  it('whatever they are', () => {
    const any = fc.string({ unit: 'grapheme', maxLength: 300 });
    fc.assert(
      fc.property(any, any, (first, second) => {
        expect(written((buf) => writeJoined(buf, 0, first, second))).toBe(
          written((buf) => writeFastText(buf, 0, first + second)),
        );
      }),
    );
  });
});
