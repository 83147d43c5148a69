import { appendFileSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { modules } from '../../../src/base/lazy';
import { Log } from '../../../src/base/log';
import { FileWatch } from '../../../src/control/file/file-watch';
import { slowClock } from '../../support/slow-clock';
import { itWithTwoUsers, OTHER } from '../../security/other-user';
import { until } from '../../support/until';

const asTwo = itWithTwoUsers();

/** All times here are by its clock: an event takes tens of milliseconds, the poll two seconds. */
const SLOWNESS = 3;
const clock = slowClock(SLOWNESS);
const pause = (ms: number): Promise<void> => sleep(SLOWNESS * ms);
const looked = (count: number, withinMs: number): Promise<unknown> =>
  until(() => looks.length >= count, Boolean, { timeoutMs: SLOWNESS * withinMs });

let folder: string;
let path: string;
let looks: number[];
let watch: FileWatch;

function watchOf(path: string): FileWatch {
  return new FileWatch({
    path,
    trust: { uid: process.geteuid?.(), owners: [] },
    clock,
    log: new Log(clock),
    look: async () => {
      looks.push(clock.elapsed());
      return false;
    },
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skyanchor-watch-'));
  path = join(folder, 'run', 'command');
  mkdirSync(join(folder, 'run'));
  writeFileSync(path, '');
  looks = [];
  watch = watchOf(path);
  expect(watch.watching).toBe('off');
  watch.start();
  await until(() => watch.watching === 'events+poll');
  await pause(150);
});

afterEach(async () => {
  await watch.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a watch', () => {
  it('looks 25 ms after the first hint and once more, since the first may have come too early', async () => {
    looks.length = 0;
    const start = clock.elapsed();
    appendFileSync(path, 'x');
    await looked(2, 1_000);
    expect(looks[0]! - start).toBeGreaterThan(20);
    expect(looks[1]! - looks[0]!).toBeGreaterThan(20);
    await pause(200);
    // Two events of one write may be two hints.
    expect(looks.length).toBeLessThanOrEqual(4);
  });

  it('is not kept from looking by hints that never stop', async () => {
    looks.length = 0;
    const start = clock.elapsed();
    // By the poll alone there would be two of them.
    while (looks.length < 6 && clock.elapsed() - start < 3_000) {
      appendFileSync(path, 'x');
      await sleep(2);
    }
    expect(looks.length).toBeGreaterThan(5);
    expect(looks.length).toBeLessThanOrEqual((clock.elapsed() - start) / 25 + 2);
  });

  it('notices a file that was made again in a directory that was made again', async () => {
    for (let at = 0; at < 3; at++) {
      rmSync(join(folder, 'run'), { recursive: true });
      mkdirSync(join(folder, 'run'));
      writeFileSync(path, `${at}`);
      looks.length = 0;
      // The poll finds it and watches the new one, whatever its number is.
      await looked(1, 3_000);
      await pause(150);
      looks.length = 0;
      appendFileSync(path, 'x');
      await looked(1, 900);
      await pause(150);
    }
  });

  it('stays as quick for an operator who replaces the file ten times a second', async () => {
    for (let at = 0; at < 25; at++) {
      writeFileSync(`${path}.new`, `${at}`);
      looks.length = 0;
      renameSync(`${path}.new`, path);
      // The poll would come once in these.
      await looked(1, 900);
      await pause(75);
    }
    expect(watch.watching).toBe('events+poll');
  });

  it('does not look for its neighbours’ sake', async () => {
    looks.length = 0;
    for (const name of ['other', 'command.swp', '.command.swp', 'command~'])
      writeFileSync(join(folder, 'run', name), 'x');
    await pause(200);
    expect(looks).toEqual([]);
  });

  asTwo('has chokidar follow no file that nobody obeys, since it is another user’s, until it is our own', async () => {
    await watch.stop();
    chownSync(path, OTHER, OTHER);
    const watching = jest.spyOn(modules.chokidar(), 'watch');
    watch = watchOf(path);
    watch.start();
    await until(() => watch.watching === 'events+poll');
    expect(watching).not.toHaveBeenCalled();
    chownSync(path, process.geteuid!(), process.getegid!());
    await until(() => watching.mock.calls.length > 0);
    watching.mockRestore();
  });

  it('looks no more when it is stopped', async () => {
    await watch.stop();
    looks.length = 0;
    appendFileSync(path, 'x');
    watch.lookIn(0);
    await pause(150);
    expect(looks).toEqual([]);
    expect(watch.watching).toBe('off');
  });
});
