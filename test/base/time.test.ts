import { toIso, parseIso } from '../../src/base/time';

describe('a time as ISO 8601', () => {
  it('takes back what iso has made', () => {
    for (const millis of [0, 1_795_600_000_123, Date.now()]) expect(parseIso(toIso(millis))).toBe(millis);
  });

  it.each(['', '7', '2026-11-21', '2026-11-21T21:20:00Z', '2026-99-99T99:99:99.999Z', 'now'])(
    'takes no other text: %j',
    (text) => {
      expect(parseIso(text)).toBeNaN();
    },
  );
});
