import fc from 'fast-check';
import { detailOf, formatStamp, parseStamp, type Stamp } from '../../../src/control/syntax/stamp';

const running: Stamp = {
  time: '2026-11-21T21:18:39.120Z',
  instance: 'orders-1',
  state: 'running',
  id: '3f9a07',
  digest: 'bfd4b5ca4c63',
  detail: 'service=3 instance=7',
};

describe('a stamp', () => {
  it('is written as the contract shows it', () => {
    expect(formatStamp(running)).toBe(
      '#! 2026-11-21T21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 service=3 instance=7 !#',
    );
    expect(formatStamp({ ...running, state: 'full', id: '-', digest: undefined, detail: '' })).toBe(
      '#! 2026-11-21T21:18:39.120Z orders-1 full - !#',
    );
  });

  it('is one line that is read back, whatever a handler returned', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (detail) => {
        const line = formatStamp({ ...running, detail });
        expect(line).not.toMatch(/[\r\n]/);
        expect(parseStamp(line)).toEqual({ ...running, detail: detailOf(detail) });
      }),
    );
  });

  it('keeps its detail short and free of escapes', () => {
    expect(detailOf(' a\n\tb\u001b[2J !# c ')).toBe('a b [2J ! # c');
    expect(detailOf('x'.repeat(10_000))).toHaveLength(501);
  });

  it.each([
    '',
    '#! !#',
    '# 2026-11-21T21:18:39.120Z orders-1 running 3f9a07 !#',
    '#! 2026-11-21T21:18:39.120Z orders-1 running 3f9a07',
    '#! 2026-11-21T21:18:39.120Z orders-1 walking 3f9a07 !#',
    '#! yesterday orders-1 running 3f9a07 !#',
    '2026-11-21T21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 !#',
  ])('is not %s', (line) => {
    expect(parseStamp(line)).toBeUndefined();
  });
});
