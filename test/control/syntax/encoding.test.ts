import fc from 'fast-check';
import { decode, encode, type Encoding } from '../../../src/control/syntax/content';

const marks: Record<Encoding, number[]> = { utf8: [0xef, 0xbb, 0xbf], utf16le: [0xff, 0xfe], utf16be: [0xfe, 0xff] };
const encodings = Object.keys(marks) as Encoding[];

const written = (text: string, encoding: Encoding) =>
  Buffer.concat([Buffer.from(marks[encoding]), encode(text, encoding)]);

describe('decoding', () => {
  it.each(encodings)('reads back what was written in %s, without its mark', (encoding) => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const decoding = decode(written(text, encoding));
        if (decoding.status === 'ok') expect(decoding).toEqual({ status: 'ok', encoding, text });
        else expect(decoding.reason).toBe('holds control characters');
      }),
    );
  });

  it('takes a file without a mark for UTF-8', () => {
    expect(decode(Buffer.from('reset # größer 😀\r\n\t'))).toEqual({
      status: 'ok',
      encoding: 'utf8',
      text: 'reset # größer 😀\r\n\t',
    });
    expect(decode(Buffer.alloc(0))).toMatchObject({ status: 'ok', text: '' });
  });

  it.each([
    ['a byte that starts nothing', [0xff]],
    ['a continuation alone', [0x80]],
    ['a cut character', [0xc3]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond the last character', [0xf4, 0x90, 0x80, 0x80]],
  ])('refuses UTF-8 with %s', (_, bytes) => {
    expect(decode(Buffer.from([0x61, ...bytes, 0x0a]))).toMatchObject({
      status: 'failed',
      reason: 'is not valid UTF-8',
    });
  });

  it.each(['utf16le', 'utf16be'] as const)('refuses %s with half a character or an odd byte', (encoding) => {
    expect(decode(written('a\ud83d', encoding))).toMatchObject({ status: 'failed', reason: 'is not valid UTF-16' });
    expect(decode(Buffer.concat([written('a', encoding), Buffer.from([0])]))).toMatchObject({ status: 'failed' });
  });

  it.each([0x00, 0x07, 0x08, 0x0b, 0x0c, 0x1b, 0x1f, 0x7f, 0x85, 0x9b])('refuses the control character %i', (code) => {
    for (const encoding of encodings) {
      expect(decode(written(`a${String.fromCharCode(code)}b`, encoding))).toMatchObject({
        status: 'failed',
        reason: 'holds control characters',
      });
    }
  });
});
