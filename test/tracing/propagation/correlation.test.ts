import fc from 'fast-check';
import { parseCorrelation, withPair, formatCorrelation } from '../../../src/tracing/propagation/correlation';

const b64 = (text: string): string => Buffer.from(text).toString('base64');
const header = (...pairs: [string, string][]): string => pairs.map(([k, v]) => `${b64(k)}:${b64(v)}`).join(',');
const read = (text: unknown): object | undefined => {
  const pairs = parseCorrelation(text);
  return pairs && Object.fromEntries(pairs);
};

describe('the header sw8-correlation', () => {
  it('is read and written, at most three pairs', () => {
    expect(read(header(['a', '1'], ['b', 'ä'], ['c', '3']))).toEqual({ a: '1', b: 'ä', c: '3' });
    expect(read(header(['a', '1'], ['b', '2'], ['c', '3'], ['d', '4']))).toEqual({ a: '1', b: '2', c: '3' });
    expect(
      formatCorrelation(
        new Map([
          ['a', '1'],
          ['b', 'ä'],
        ]),
      ),
    ).toBe(header(['a', '1'], ['b', 'ä']));
  });

  it.each([
    ['nothing', ''],
    ['no text', ['a']],
    ['garbage', '%%%:%%%'],
    ['a key without a value', b64('a')],
    ['an empty key', `:${b64('1')}`],
    ['three parts', `${b64('a')}:${b64('b')}:${b64('c')}`],
    ['no UTF-8', `${Buffer.from([255]).toString('base64')}:${b64('1')}`],
    ['a key over 128 characters', header(['k'.repeat(129), '1'])],
    ['a value over 128 characters', header(['a', 'v'.repeat(129)])],
    ['far too long', header(['a', '1']).padEnd(10_000, 'A')],
  ])('is nothing: %s', (_title, text) => {
    expect(parseCorrelation(text)).toBeUndefined();
  });

  it('keeps the pairs before the first bad one', () => {
    expect(read(`${header(['a', '1'])},:,${header(['b', '2'])}`)).toEqual({ a: '1' });
    expect(read(`garbage,${header(['a', '1'])}`)).toBeUndefined();
    expect(read(`${header(['a', '1'])},`)).toEqual({ a: '1' });
  });

  it('holds keys and values of 128 characters, whatever they are', () => {
    for (const unit of ['a', 'é', '⚓', '😀']) {
      const longest = unit.repeat(128 / unit.length);
      expect(read(header([longest, longest], ['a', longest]))).toEqual({ [longest]: longest, a: longest });
    }
  });

  it('is not there when there is nothing to say', () => {
    expect(formatCorrelation(undefined)).toBeUndefined();
    expect(formatCorrelation(new Map())).toBeUndefined();
  });

  it('says the same when it arrives, whatever it says', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((made) => Buffer.from(made).toString());
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, text), { maxLength: 3, selector: ([key]) => key }), (pairs) => {
        const written = formatCorrelation(new Map(pairs));
        expect(read(written) ?? {}).toEqual(Object.fromEntries(pairs));
      }),
    );
  });
});

describe('what a trace carries along', () => {
  it('takes three pairs of 128 characters, and another value for one of them', () => {
    let pairs = withPair(undefined, 'a', '1');
    pairs = withPair(pairs, 'b', 'v'.repeat(128));
    pairs = withPair(pairs, 'k'.repeat(128), '3');
    expect(withPair(pairs, 'd', '4')).toBeUndefined();
    expect(withPair(pairs, 'a', '2')?.get('a')).toBe('2');
    expect(withPair(withPair(pairs, 'a', ''), 'd', '4')?.size).toBe(3);
    expect(withPair(undefined, '', '1')).toBeUndefined();
    expect(withPair(undefined, 'k'.repeat(129), '1')).toBeUndefined();
    expect(withPair(undefined, 'k', 'v'.repeat(129))).toBeUndefined();
  });
});
