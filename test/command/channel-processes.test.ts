import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentOf } from '../../src/command/content-of';
import { until } from '../support/until';
import { Crew, type Child } from './crew';
import { Desk, stampsOf } from './desk';

const crew = new Crew();
let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});

afterEach(async () => {
  await crew.dismiss();
  await desk.clear();
});

afterAll(() => crew.clear());

const statusFile = (): string => join(desk.folder, 'status.json');
const instances = (): Record<string, { commands?: { last: { verb: string; state: string }[] } }> =>
  JSON.parse(readFileSync(statusFile(), 'utf8')).instances;

async function begin(count: number): Promise<Child[]> {
  const children = Array.from({ length: count }, (_, at) =>
    crew.start({ file: desk.file, instanceName: `orders-${at + 1}` }),
  );
  await Promise.all(children.map((child) => child.ready()));
  await sleep(300);
  return children;
}

const notes = (child: Child): string[] => child.ran.map((line) => line.split(' ')[1]!);

describe('processes that share a command file', () => {
  it('each run what comes in bursts, in order, losing none', async () => {
    writeFileSync(desk.file, '');
    const children = await begin(4);
    const expected: string[] = [];
    const burst = async (size: number): Promise<void> => {
      const from = expected.length;
      for (let at = from; at < from + size; at++) expected.push(`n${at}`);
      await desk.type(`for n in ${expected.slice(from).join(' ')}; do echo note $n >> $F; done`);
    };
    for (const size of [1, 3, 6]) await burst(size);
    await until(
      () => children.map((child) => child.ran.length),
      (counts) => counts.every((count) => count === expected.length),
      { timeoutMs: 15_000 },
    );
    for (const child of children) expect(notes(child)).toEqual(expected);
    for (let at = 1; at <= 4; at++) {
      const states = (): string[] => desk.statesOf(`orders-${at}`);
      await until(states, (found) => found.length === 2 * expected.length);
      expect(states()).toEqual(expected.flatMap(() => ['running', 'done']));
    }
  });

  it('all answer, sixteen of them, and every stamp is whole', async () => {
    writeFileSync(desk.file, '');
    const children = await begin(16);
    await desk.type('echo note all > $F');
    await until(() => children.every((child) => child.ran.length === 1), Boolean, { timeoutMs: 10_000 });
    await until(() => desk.stamps.length === 32);
    expect(desk.text.split('\n')).toHaveLength(34);
    await sleep(300);
    expect(children.map((child) => child.ran.length)).toEqual(children.map(() => 1));
  });

  it('that are killed at any moment cost the living nothing, and the file stays readable', async () => {
    writeFileSync(desk.file, '');
    const [steady] = await begin(1);
    let isOver = false;
    const killing = (async () => {
      for (let at = 0; !isOver; at++) {
        const child = crew.start({ file: desk.file, statusFile: statusFile(), claim: 'victim' });
        await child.ready();
        await sleep((at * 23) % 70);
        child.process.kill('SIGKILL');
        await child.end();
      }
    })();
    const expected = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const name of expected) {
      await desk.type(`echo note ${name} >> $F`);
      await sleep(220);
    }
    await until(() => steady!.ran.length === expected.length);
    isOver = true;
    await killing;
    expect(notes(steady!)).toEqual(expected);
    expect(contentOf(readFileSync(desk.file)).status).toBe('ok');
    for (const { instance, state } of stampsOf(desk.text)) {
      expect(instance).toMatch(/^(orders-1|victim(-\d+)?)$/);
      expect(['running', 'done', 'failed']).toContain(state);
    }
    expect(() => instances()).not.toThrow();
  });
});

describe('a handler that ends the process', () => {
  it('is not called again by the next process of that name, which says so', async () => {
    writeFileSync(desk.file, '');
    const first = crew.start({ file: desk.file, instanceName: 'orders-1' });
    await first.ready();
    await sleep(200);
    await desk.type('echo die > $F');
    expect(await first.end()).toBe(7);
    expect(desk.statesOf()).toEqual(['running']);
    const second = crew.start({ file: desk.file, instanceName: 'orders-1' });
    await desk.untilStates(['running', 'failed']);
    expect(desk.stamps[1]?.detail).toBe('interrupted');
    expect(second.ran).toEqual([]);
  });
});

describe('a process with nothing but the channel in it', () => {
  it('ends by itself, whatever is watched', async () => {
    writeFileSync(desk.file, '');
    for (const file of [desk.file, join(desk.folder, 'nowhere', 'command')]) {
      const start = performance.now();
      const child = crew.start({ file, statusFile: statusFile(), isGuest: true });
      expect(await child.end()).toBe(0);
      expect(child.errors).toEqual([]);
      expect(performance.now() - start).toBeLessThan(3_000);
    }
  });

  it('ends by SIGTERM as any process does', async () => {
    const child = crew.start({ file: desk.file, statusFile: statusFile() });
    await child.ready();
    await sleep(100);
    child.process.kill('SIGTERM');
    expect(await child.end()).toBe('SIGTERM');
  });
});
