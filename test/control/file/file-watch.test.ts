import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../src/base/clock';
import { Log } from '../../../src/base/log';
import { FileWatch } from '../../../src/control/file/file-watch';
import { until } from '../../support/until';

let folder: string;
let path: string;
let looks: number[];
let watch: FileWatch;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skyanchor-watch-'));
  path = join(folder, 'run', 'command');
  mkdirSync(join(folder, 'run'));
  writeFileSync(path, '');
  looks = [];
  watch = new FileWatch({
    path,
    clock: systemClock,
    log: new Log(systemClock),
    look: async () => {
      looks.push(performance.now());
      return false;
    },
  });
  expect(watch.watching).toBe('off');
  watch.start();
  await until(() => watch.watching === 'events+poll');
  await sleep(150);
});

afterEach(async () => {
  await watch.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a watch', () => {
  it('looks 25 ms after the first hint and once more, since the first may have come too early', async () => {
    looks.length = 0;
    const start = performance.now();
    appendFileSync(path, 'x');
    await until(() => looks.length >= 2, Boolean, { timeoutMs: 1_000 });
    expect(looks[0]! - start).toBeGreaterThan(20);
    expect(looks[1]! - looks[0]!).toBeGreaterThan(20);
    await sleep(200);
    // Two events of one write may be two hints.
    expect(looks.length).toBeLessThanOrEqual(4);
  });

  it('is not kept from looking by hints that never stop', async () => {
    looks.length = 0;
    const end = performance.now() + 500;
    while (performance.now() < end) {
      appendFileSync(path, 'x');
      await sleep(2);
    }
    expect(looks.length).toBeGreaterThan(5);
    expect(looks.length).toBeLessThan(40);
  });

  it('notices a file that was made again in a directory that was made again', async () => {
    for (let at = 0; at < 3; at++) {
      rmSync(join(folder, 'run'), { recursive: true });
      mkdirSync(join(folder, 'run'));
      writeFileSync(path, `${at}`);
      looks.length = 0;
      // The poll finds it and watches the new one, whatever its number is.
      await until(() => looks.length > 0, Boolean, { timeoutMs: 3_000 });
      await sleep(150);
      looks.length = 0;
      appendFileSync(path, 'x');
      await until(() => looks.length > 0, Boolean, { timeoutMs: 900 });
      await sleep(150);
    }
  });

  it('does not look for its neighbours’ sake', async () => {
    looks.length = 0;
    for (const name of ['other', 'command.swp', '.command.swp', 'command~'])
      writeFileSync(join(folder, 'run', name), 'x');
    await sleep(200);
    expect(looks).toEqual([]);
  });

  it('looks no more when it is stopped', async () => {
    await watch.stop();
    looks.length = 0;
    appendFileSync(path, 'x');
    watch.lookIn(0);
    await sleep(150);
    expect(looks).toEqual([]);
    expect(watch.watching).toBe('off');
  });
});
