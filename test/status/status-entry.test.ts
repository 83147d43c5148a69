import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { toIso } from '../../src/base/time';
import { Liveness, ownIdentity } from '../../src/status/liveness';
import { formatEntries, namesOf, parseEntries, type StatusEntry } from '../../src/status/status-store';

const FIXTURES = join(__dirname, '..', '..', 'fixtures', 'status');
const names = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.status'))
  .map((name) => name.slice(0, -'.status'.length));

describe('the status document', () => {
  it.each(names)('has the instances it should have: %s', (name) => {
    const expected: unknown = JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'));
    expect(namesOf(parseEntries(readFileSync(join(FIXTURES, `${name}.status`), 'utf8')))).toEqual(expected);
  });

  it('is what was written, in the order of the names, whichever process wrote it', () => {
    const text = formatEntries(
      new Map([
        ['b', { pid: 2 }],
        ['a-2', { pid: 1 }],
        ['B', {}],
      ]),
    );
    expect(JSON.parse(text)).toEqual({ version: 1, instances: { b: { pid: 2 }, 'a-2': { pid: 1 }, B: {} } });
    expect([...parseEntries(text).keys()]).toEqual(['B', 'a-2', 'b']);
    expect(parseEntries(formatEntries(new Map([['__proto__', { pid: 1 }]]))).get('__proto__')).toEqual({ pid: 1 });
  });

  it('never throws for what lies there', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseEntries(text)));
  });
});

describe('an entry', () => {
  const NOW = Date.parse('2026-11-21T21:00:00.000Z');
  const GONE = 2 ** 22 - 1;

  async function isLive(entry: StatusEntry): Promise<boolean> {
    return new Liveness(hostname(), await ownIdentity()).isLive(entry, NOW);
  }

  const fresh = { pid: process.pid, host: hostname(), updatedAt: toIso(NOW - 31_000) };

  it('of a process that runs lives', async () => {
    expect(await isLive(fresh)).toBe(true);
    const { start: processStart, pidSpace } = await ownIdentity();
    expect(await isLive({ ...fresh, processStart, pidSpace })).toBe(true);
  });

  it('of a pid that is gone is dead', async () => {
    expect(await isLive({ ...fresh, pid: GONE })).toBe(false);
  });

  it('of a pid that another process has by now is dead', async () => {
    if (process.platform !== 'linux') {
      console.log('not tested: when a process started is known on Linux only');
      return;
    }
    expect(await isLive({ ...fresh, processStart: '1' })).toBe(false);
  });

  it('is dead at 90 seconds, even if there is such a process', async () => {
    expect(await isLive({ ...fresh, updatedAt: toIso(NOW - 90_000) })).toBe(true);
    expect(await isLive({ ...fresh, updatedAt: toIso(NOW - 90_001) })).toBe(false);
  });

  it('of another host or another container lives as long as it is renewed, whatever its pid means here', async () => {
    expect(await isLive({ ...fresh, host: 'elsewhere', pid: GONE })).toBe(true);
    expect(await isLive({ ...fresh, host: 'elsewhere', pid: GONE, updatedAt: toIso(NOW - 91_000) })).toBe(false);
    expect(await isLive({ ...fresh, pidSpace: 'pid:[1]', pid: GONE, processStart: '1' })).toBe(true);
  });

  it.each([{}, { pid: 'x' }, { pid: -1, host: hostname() }, { pid: 0, host: hostname() }, { updatedAt: 'yesterday' }])(
    'that says nothing sensible is dead: %j',
    async (entry) => expect(await isLive(entry)).toBe(false),
  );
});
