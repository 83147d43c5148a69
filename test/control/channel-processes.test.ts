import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseContent } from '../../src/control/syntax/content';
import { until } from '../support/until';
import { ChildProcesses, type Child } from './child-processes';
import { CommandFileFixture, stampsOf } from './command-file-fixture';

const processes = new ChildProcesses();
let fixture: CommandFileFixture;

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

beforeEach(() => {
  fixture = new CommandFileFixture();
});

afterEach(async () => {
  await processes.dismiss();
  await fixture.clear();
});

afterAll(() => processes.clear());

const statusFile = (): string => join(fixture.folder, 'status.json');
const instances = (): Record<string, { commands?: { last: { verb: string; state: string }[] } }> =>
  JSON.parse(readFileSync(statusFile(), 'utf8')).instances;

async function begin(count: number): Promise<Child[]> {
  const children = Array.from({ length: count }, (_, at) =>
    processes.start({ file: fixture.file, instanceName: `orders-${at + 1}` }),
  );
  await Promise.all(children.map((child) => child.listening()));
  return children;
}

const notes = (child: Child): string[] => child.ran.map((line) => line.split(' ')[1]!);

describe('processes that share a command file', () => {
  it('each run what comes in bursts, in order, losing none', async () => {
    writeFileSync(fixture.file, '');
    const children = await begin(4);
    const expected: string[] = [];
    const burst = async (size: number): Promise<void> => {
      const from = expected.length;
      for (let at = from; at < from + size; at++) expected.push(`n${at}`);
      await fixture.type(`for n in ${expected.slice(from).join(' ')}; do echo note $n >> $F; done`);
    };
    for (const size of [1, 12, 3, 12, 8, 4]) await burst(size);
    expect(expected).toHaveLength(40);
    await until(
      () => children.map((child) => child.ran.length),
      (counts) => counts.every((count) => count === expected.length),
      // Five at once, and then one a second.
      { timeoutMs: 60_000 },
    );
    for (const child of children) expect(notes(child)).toEqual(expected);
    for (let at = 1; at <= 4; at++) {
      const states = (): string[] => fixture.statesOf(`orders-${at}`);
      await until(states, (found) => found.length === 2 * expected.length);
      expect(states()).toEqual(expected.flatMap(() => ['running', 'done']));
    }
    expect(fixture.text.match(/^note n\d+$/gm)).toEqual(expected.map((name) => `note ${name}`));
  }, 90_000);

  it('all answer, sixteen of them, and every stamp is whole', async () => {
    writeFileSync(fixture.file, '');
    const children = await begin(16);
    await fixture.type('echo note all > $F');
    await until(() => children.every((child) => child.ran.length === 1));
    await until(() => fixture.stamps.length === 32);
    expect(fixture.text.split('\n')).toHaveLength(34);
    const looked = (): Promise<unknown> => Promise.all(children.map((child) => child.looked(fixture.file)));
    await looked();
    // The file was in thirty-three states, and no state is worth more than two looks.
    const counts = children.map((child) => child.looks.length);
    expect(Math.max(...counts)).toBeLessThan(2 * 33 + 10);
    // One more state, in which there is nothing to do; and then they rest.
    await fixture.type('touch $F');
    await looked();
    await sleep(300);
    expect(children.map((child) => child.ran.length)).toEqual(children.map(() => 1));
    expect(fixture.stamps).toHaveLength(32);
    expect(children.map((child, at) => child.looks.length - counts[at]! < 10)).toEqual(children.map(() => true));
  });

  it('that are killed at any moment cost the living nothing, and the file stays readable', async () => {
    writeFileSync(fixture.file, '');
    const [steady] = await begin(1);
    let isOver = false;
    const killing = (async () => {
      for (let at = 0; !isOver; at++) {
        const child = processes.start({ file: fixture.file, statusFile: statusFile(), claim: 'victim' });
        await child.ready();
        await sleep((at * 23) % 70);
        child.process.kill('SIGKILL');
        await child.end();
      }
    })();
    const expected = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const name of expected) {
      await fixture.type(`echo note ${name} >> $F`);
      await sleep(220);
    }
    await until(() => steady!.ran.length === expected.length);
    isOver = true;
    await killing;
    expect(notes(steady!)).toEqual(expected);
    expect(parseContent(readFileSync(fixture.file)).status).toBe('ok');
    for (const { instance, state } of stampsOf(fixture.text)) {
      expect(instance).toMatch(/^(orders-1|victim(-\d+)?)$/);
      expect(['running', 'done', 'failed']).toContain(state);
    }
    expect(() => instances()).not.toThrow();
  });
});

describe('a handler that ends the process', () => {
  async function ended(verb: string): Promise<Child> {
    writeFileSync(fixture.file, '');
    const [first] = await begin(1);
    await fixture.type(`echo ${verb} > $F`);
    expect(await first!.end()).toBe(7);
    expect(fixture.statesOf()).toEqual(['running']);
    return processes.start({ file: fixture.file, instanceName: 'orders-1' });
  }

  it('is not called again by the next process of that name, which answers interrupted', async () => {
    const second = await ended('die');
    await fixture.untilStates(['running', 'failed']);
    expect(fixture.stamps[1]?.detail).toBe('interrupted');
    await second.looked(fixture.file);
    expect(second.ran).toEqual([]);
  });

  it('is called again by the next process of that name if it may be called twice', async () => {
    const second = await ended('fall');
    await fixture.untilStates(['running', 'done']);
    expect(fixture.stamps[1]?.detail).toMatch(/^up again took=\d+ms after-restart$/);
    await second.looked(fixture.file);
    expect(second.ran).toEqual(['fall after-restart']);
  });
});

describe('a process whose clock is off', () => {
  it.each([60, -60])(
    'by %i minutes goes by the clock of the file system, in which the file is dated',
    async (minutes) => {
      writeFileSync(fixture.file, '');
      const child = processes.start({ file: fixture.file, statusFile: statusFile(), aheadMs: minutes * 60_000 });
      await child.listening();
      await fixture.type('echo "note soon expires=10m" > $F');
      await until(() => stampsOf(fixture.text).length === 2);
      expect(stampsOf(fixture.text).map(({ state }) => state)).toEqual(['running', 'done']);
      for (const { time } of stampsOf(fixture.text))
        expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
      await fixture.type('echo "note late expires=10m" > new; touch -d "20 minutes ago" new; mv new $F');
      await until(() => stampsOf(fixture.text)[0]?.state === 'expired');
      await fixture.type('echo "note ahead expires=10m" > new; touch -d "in 1 hour" new; mv new $F');
      await until(() => stampsOf(fixture.text).at(-1)?.state === 'done');
      // What it says of itself comes by another way than the file.
      await until(() => child.ran.length === 2);
      expect(child.ran).toEqual(['note soon now', 'note ahead now']);
    },
  );
});

describe('a process with nothing but the channel in it', () => {
  it('ends by itself, whatever is watched', async () => {
    writeFileSync(fixture.file, '');
    for (const file of [fixture.file, join(fixture.folder, 'nowhere', 'command')]) {
      const child = processes.start({ file, statusFile: statusFile(), isGuest: true });
      // Its own start is none of our time.
      await until(
        () => child.instance ?? child.ended,
        (found) => found !== undefined,
      );
      const start = performance.now();
      expect(await child.end()).toBe(0);
      expect(child.errors).toEqual([]);
      expect(performance.now() - start).toBeLessThan(3_000);
    }
  });

  it('ends by SIGTERM as any process does', async () => {
    const child = processes.start({ file: fixture.file, statusFile: statusFile() });
    await child.listening();
    child.process.kill('SIGTERM');
    expect(await child.end()).toBe('SIGTERM');
  });
});
