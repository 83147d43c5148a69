import { ageOf, fitTable, shorten, wrap } from '../../src/cli/table';
import { statusTable } from '../../src/cli/status/status-report';

const NOW = Date.parse('2026-11-21T21:20:00.000Z');

const ago = (seconds: number): string => new Date(NOW - 1_000 * seconds).toISOString();

const instance = (name: string, more: object = {}) => ({
  name,
  entry: {
    service: 'orders',
    pid: 4711,
    backend: 'oap-1.production.example.com:11800',
    registration: { phase: 'unregistered', serviceId: 5, instanceId: 11 },
    heartbeat: { lastOkAt: ago(3), failures: 0 },
    segments: { sent: 880, dropped: 0 },
    commands: { last: [{ verb: 'reset', state: 'running', at: ago(12) }] },
    ...more,
  },
});

describe('the table of instances', () => {
  it.each([80, 100, 120])('fits into %d columns, whatever the names', (width) => {
    const names = ['orders-1', 'orders-7d9f6c5b8-x2k1p', 'o'.repeat(200)];
    const lines = statusTable(
      names.map((name) => instance(name)),
      NOW,
      width,
    );
    expect(lines).toHaveLength(4);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
  });

  it('has everything that matters at night in 80 columns', () => {
    const more = {
      backend: '10.20.30.40:11800',
      commands: { last: [{ verb: 'reset', state: 'done', at: ago(12) }] },
    };
    const [, line = ''] = statusTable([instance('orders-1', more)], NOW, 80);
    expect(line.split(/ {2,}/)).toEqual([
      'orders-1',
      '4711',
      'unregistered',
      '5/11',
      '10.20.30.40:11800',
      '3s',
      'reset done 12s',
    ]);
  });

  it('shortens the names of the backends before those of the instances', () => {
    const [, line] = statusTable([instance('orders-7d9f6c5b8-x2k1p')], NOW, 90);
    expect(line).toMatch(/^orders-7d9f6c5b8-x2k1p +4711 +unregistered +5\/11 +oap-\S*…\S*1800 /);
    expect(line).toMatch(/reset running 12s$/);
  });

  it('leaves nothing out where there is room', () => {
    const [titles] = statusTable([instance('orders-1')], NOW, Infinity);
    expect(titles?.split(/ +/)).toEqual(expect.arrayContaining(['SERVICE', 'SENT', 'DROPPED']));
  });

  it('is cut at the end of the line where a terminal is narrower than anything', () => {
    for (const line of statusTable([instance('orders-1')], NOW, 30)) expect(line.length).toBeLessThanOrEqual(30);
  });
});

/** Counts how often one of the cells is looked at. */
function countingReads(cells: readonly string[]): { readonly cells: readonly string[]; readonly reads: () => number } {
  let reads = 0;
  const get = (target: readonly string[], key: string | symbol): unknown => {
    if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
    return Reflect.get(target, key);
  };
  return { cells: new Proxy(cells, { get }), reads: () => reads };
}

describe('the table of very many rows', () => {
  it('looks at each cell a few times, however many others there are', () => {
    const perCell = [100, 400].map((rows) => {
      const { cells, reads } = countingReads(Array.from({ length: rows }, (_, row) => `name-${row}`));
      expect(fitTable([{ cells }], 80)).toHaveLength(rows);
      return reads() / rows;
    });
    expect(perCell[1]).toBe(perCell[0]);
  });

  it('is made, also where there are more than a function takes arguments', () => {
    expect(fitTable([{ cells: Array<string>(200_000).fill('name') }], 80)).toHaveLength(200_000);
  });
});

describe('the table with a very long cell', () => {
  it('does not pad the other lines to its length', () => {
    const cells = ['name', 'x'.repeat(100_000), 'orders'];
    const [title = '', long, other = ''] = fitTable([{ cells }, { cells: ['pid', '1', '2'] }], Infinity);
    expect(long).toHaveLength(100_000 + '  1'.length);
    expect((title + other).length).toBeLessThan(1_000);
  });
});

describe('an age', () => {
  it.each([
    [ago(0), '0s'],
    [ago(89), '89s'],
    [ago(90), '1m'],
    [ago(89 * 60), '89m'],
    [ago(90 * 60), '1h'],
    [ago(47 * 3_600), '47h'],
    [ago(49 * 3_600), '2d'],
    [ago(-5), '0s'],
    ['yesterday', '-'],
    [null, '-'],
    [7, '-'],
  ])('%j is %s', (at, age) => {
    expect(ageOf(at, NOW)).toBe(age);
  });
});

describe('a text that is too long', () => {
  it.each([
    ['orders-7d9f-x2k1p', 17, 'orders-7d9f-x2k1p'],
    ['orders-7d9f-x2k1p', 11, 'order…x2k1p'],
    ['orders', 1, '…'],
    ['🙂🙂🙂🙂', 3, '🙂…🙂'],
  ])('%s in %d characters is %s', (text, most, short) => {
    expect(shorten(text, most)).toBe(short);
  });

  it.each([
    ['', 5, ['']],
    ['abc def', 7, ['abc def']],
    ['abc def', 6, ['abc', 'def']],
    ['abcdefgh ij', 5, ['abcde', 'fgh', 'ij']],
  ])('%j goes on in the next line after %d', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});
