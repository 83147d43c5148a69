import { antGlob, ignoreOperation } from '../../src/instrument/http/server/ignore';

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
