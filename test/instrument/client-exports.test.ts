import { withHeader } from '../../src/instrument/http/client/client-exports';

describe('a header that is there without a value', () => {
  // Node says what is wrong with it, in its own words.
  it.each<[string, unknown]>([
    ['in an object', { sw6: undefined }],
    ['in pairs', [['sw6', undefined]]],
    ['in a list', ['sw6', undefined]],
  ])('is left to him who set it, %s', (_how, headers) => {
    expect(withHeader(headers, { name: 'sw6', value: 'ours', forwarded: undefined })).toBe(headers);
  });
});
