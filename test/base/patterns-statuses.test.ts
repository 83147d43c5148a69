import { errorStatuses, parseStatusRange } from '../../src/base/patterns';

function made(...texts: string[]) {
  return errorStatuses(texts.map((text) => parseStatusRange(text)!));
}

describe('a range of statuses', () => {
  it.each([
    ['404', { path: undefined, from: 404, to: 404 }],
    ['400-599', { path: undefined, from: 400, to: 599 }],
    ['none', { path: undefined, from: 1, to: 0 }],
    ['/users/* = 500-599', { path: '/users/*', from: 500, to: 599 }],
    ['/a=b=404', { path: '/a=b', from: 404, to: 404 }],
  ])('is read from %p', (text, range) => {
    expect(parseStatusRange(text)).toEqual(range);
  });

  it.each(['', '4', '99', '4000', '599-400', '400-', '-599', '4xx', '=404', '/a=', '/a', `${'a'.repeat(257)}=404`])(
    'is not read from %p',
    (text) => {
      expect(parseStatusRange(text)).toBeUndefined();
    },
  );
});

describe('statuses that are errors', () => {
  it('are those of the ranges, whatever the path, where no glob is given', () => {
    const isError = made('404', '500-599');
    expect([200, 400, 404, 500, 599, 600, 999, 0].map((status) => isError(status, '/'))).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('are for a path those of the first glob that matches, and 400 to 599 for others where no plain range is given', () => {
    const isError = made('/users/*=500-599', '/users/*=409', '/*/7=none');
    expect([404, 409, 503].map((status) => isError(status, '/users/7'))).toEqual([false, true, true]);
    expect(isError(500, '/orders/7')).toBe(false);
    expect([399, 404, 599].map((status) => isError(status, '/orders'))).toEqual([false, true, true]);
  });

  it('are none where none is wanted', () => {
    expect(made('none')(500, '/')).toBe(false);
  });
});
