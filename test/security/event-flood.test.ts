import {
  appendFileSync,
  closeSync,
  futimesSync,
  mkdtempSync,
  openSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock, type Clock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { FileWatch } from '../../src/control/file/file-watch';
import { until } from '../support/until';

/** Fewer than the kernel keeps for a reader, so that none is lost: 16,384. */
const BURST = 5_000;

let folder: string;
let file: string;
let looks: number;
let lines: string[];
let watch: FileWatch;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-flood-'));
  file = path.join(folder, 'app.command');
  writeFileSync(file, '');
  await begin(clockOfTimers(1));
});

async function begin(clock: Clock): Promise<void> {
  looks = 0;
  lines = [];
  const say = (line: string): void => void lines.push(line);
  watch = new FileWatch({
    path: file,
    trust: { uid: process.geteuid?.(), owners: [] },
    clock,
    log: new Log(clock, { error: say, warn: say, info: say, debug: say }),
    look: () => {
      looks++;
      return Promise.resolve(false);
    },
  });
  watch.start();
  await until(() => watch.watching === 'events+poll');
}

afterEach(async () => {
  await watch.stop();
  rmSync(folder, { recursive: true });
});

/** Events with two names in turn: the kernel joins events that are alike. */
function touch(count: number, names: readonly string[]): void {
  const files = names.map((name) => openSync(path.join(folder, name), 'a'));
  for (let at = 0; at < count; at++) futimesSync(files[at % files.length] as number, 1, 1);
  for (const one of files) closeSync(one);
}

/** Its time passes by timers that come due alone: what a busy machine takes for all else does not count. @param factor how late they come */
function clockOfTimers(factor: number): Clock {
  let elapsed = 0;
  const after: Clock['after'] = (ms, fn) => {
    const dueAt = elapsed + ms;
    return systemClock.after(ms * factor, () => {
      elapsed = Math.max(elapsed, dueAt);
      fn();
    });
  };
  return { ...systemClock, elapsed: () => elapsed, after };
}

describe('another user who floods the directory of the command file with events', () => {
  it.each([
    ['of files of another name', ['one', 'other']],
    ['of a name that may be ours', ['..data', 'other']],
  ])('costs the process a poll and no more when they are %s', async (_what, names) => {
    const burst = (): boolean => {
      touch(BURST, names);
      return watch.watching === 'poll';
    };
    await until(burst, Boolean, { everyMs: 1 });
    expect(lines).toEqual([expect.stringMatching(/can only be polled, not watched: more happens in its directory/)]);
    const before = looks;
    appendFileSync(file, 'reset\n');
    await until(() => looks > before);
    expect(watch.watching).toBe('poll');
  });

  it.each([
    ['as fast as it goes', 2_000],
    ['once for each look', 1],
  ])('costs as little when he makes and removes the file itself, %s', async (_how, times) => {
    await watch.stop();
    // By which no poll comes due while the file is made and removed.
    await begin(clockOfTimers(5));
    const flip = async (): Promise<string> => {
      const before = looks;
      for (let at = 0; at < times; at++) {
        unlinkSync(file);
        writeFileSync(file, '');
      }
      await until(() => looks > before);
      return watch.watching;
    };
    await until(flip, (watching) => watching === 'poll', { everyMs: 1, timeoutMs: 45_000 });
    expect(await flip()).toBe('poll');
    expect(await flip()).toBe('poll');
    expect(lines).toEqual([expect.stringMatching(/can only be polled, not watched: more happens in its directory/)]);
  });

  it('leaves the file watched when there are a thousand', async () => {
    touch(1_000, ['..data', 'other']);
    await until(() => looks > 1);
    expect(watch.watching).toBe('events+poll');
    expect(lines).toEqual([]);
  });
});
