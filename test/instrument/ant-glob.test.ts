import { antGlob, glob } from '../../src/base/patterns';
import { ignoreOperation } from '../../src/instrument/http/server/ignore';
import { Chance } from '../control/fuzz/chance';

/** The same pattern, for an engine that is right and may take long. */
function regularExpression(pattern: string): RegExp {
  const meanings: Readonly<Record<string, string>> = {
    '/**/': '/(?:[^/]*/)*',
    '**': '[^]*',
    '*': '[^/]*',
    '?': '[^/]',
  };
  const parts = pattern.match(/\/\*\*(?=\/)\/|\*\*|[^]/gu) ?? [];
  return new RegExp(`^${parts.map((part) => meanings[part] ?? part.replace('/', '\\/')).join('')}$`, 'u');
}

describe('an Ant glob', () => {
  it.each([
    ['GET:/health', 'GET:/health', true],
    ['GET:/health', 'GET:/health/x', false],
    ['*:/health', 'HEAD:/health', true],
    ['GET:/a/*', 'GET:/a/b', true],
    ['GET:/a/*', 'GET:/a/b/c', false],
    ['GET:/a/?', 'GET:/a/b', true],
    ['GET:/a?b', 'GET:/a/b', false],
    ['GET:/a/**', 'GET:/a/b/c', true],
    ['**/health', 'GET:/health', true],
    ['**/health', 'GET:/a/b/health', true],
    ['**/health', 'GET:/healthy', false],
    ['GET:/a/**/b', 'GET:/a/b', true],
    ['GET:/a/**/b', 'GET:/a/x/y/b', true],
    ['GET:/a/**/b', 'GET:/axb', false],
    ['GET:/a/**/b', 'GET:/a/xb', false],
    ['GET:/a/**/*.css', 'GET:/a/b/c.css', true],
    ['GET:/a/**/*.css', 'GET:/a/c.css', true],
    ['GET:/a.b', 'GET:/aXb', false],
    ['*', '', true],
  ])('%s and %s: matches is %s', (pattern, text, matches) => {
    expect(antGlob(pattern)(text)).toBe(matches);
    // What it has found before is forgotten.
    const again = antGlob(pattern);
    again('GET:/a/b/health/x.css');
    expect(again(text)).toBe(matches);
  });

  it('takes no longer for a text that almost matches in many ways', () => {
    const matches = antGlob(`${'**/'.repeat(40)}x`);
    expect(matches(`GET:${'/a'.repeat(900)}`)).toBe(false);
  });

  it('matches what the regular expression of the same meaning matches', () => {
    const chance = new Chance(7);
    const many = (items: readonly string[]): string => chance.times(7, () => chance.of(items)).join('');
    const found = new Set<boolean>();
    const wrong: [pattern: string, text: string][] = [];
    for (let turn = 0; turn < 5_000; turn++) {
      const pattern = many(['/', '*', '**', '/**/', '?', 'a', 'b', '\u{1f600}']);
      const text = many(['/', 'a', 'b', '\u{1f600}']);
      const expected = regularExpression(pattern).test(text);
      found.add(expected);
      if (antGlob(pattern)(text) !== expected) wrong.push([pattern, text]);
    }
    expect(wrong).toEqual([]);
    expect(found.size).toBe(2);
  });

  it.each(['GET:/nowhere/*/x', '**/a?a/**/nowhere'])('costs what an ordinary glob costs: %s', (pattern) => {
    const patterns = Array.from({ length: 64 }, (_, n) => `${pattern}${n}${'y'.repeat(200)}`);
    const text = `GET:${'/aaaa'.repeat(400)}`;
    const costOf = (matchers: readonly ((text: string) => boolean)[]): number => {
      const costs = Array.from({ length: 7 }, () => {
        const { user, system } = process.cpuUsage();
        for (const matches of matchers) matches(text);
        const used = process.cpuUsage({ user, system });
        return used.user + used.system;
      });
      return Math.min(...costs);
    };
    const ordinary = costOf(patterns.map((one) => glob(one.replaceAll('**', '*'))));
    // Seen: the same, beside 50 to 5,000 times as much. On Windows cpuUsage moves in steps of 16 ms.
    expect(costOf(patterns.map(antGlob))).toBeLessThan(10 * ordinary + 5_000);
  });

  it('does not match a path of more than 2048 characters', () => {
    expect(antGlob('**')('a'.repeat(2_048))).toBe(true);
    expect(antGlob('**')('a'.repeat(2_049))).toBe(false);
  });
});

describe('operations to ignore', () => {
  it('are none where no glob is given', () => {
    expect(ignoreOperation([])).toBeUndefined();
  });

  it('are matched with their method, and by a glob that begins with a slash without it', () => {
    const isIgnored = ignoreOperation(['GET:/health', '/metrics/**']);
    expect(isIgnored?.('GET', '/health')).toBe(true);
    expect(isIgnored?.('POST', '/health')).toBe(false);
    expect(isIgnored?.('POST', '/metrics/x/y')).toBe(true);
  });
});
