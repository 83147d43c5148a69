import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { CommandOutcome } from '../../src/api/status';
import { slowClock } from '../support/slow-clock';
import { until } from '../support/until';
import { ChildProcesses } from './child-processes';
import { CommandFileFixture } from './command-file-fixture';
import { inMounts, itWithMounts } from './it-where';

let fixture: CommandFileFixture;
let processes: ChildProcesses | undefined;

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

beforeEach(() => {
  fixture = new CommandFileFixture();
});

afterEach(async () => {
  await processes?.dismiss();
  processes?.clear();
  processes = undefined;
  await fixture.clear();
});

/** The poll comes every ten seconds, so that on a busy machine, too, an event is faster. */
const SLOWNESS = 5;
const clock = slowClock(SLOWNESS);

/** By the slow clock. */
const WITHIN_MS = 900;

/** As Kubernetes puts a ConfigMap's new version in the place of the old one. */
function swap(folder: string, name: string, text: string): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'skyanchor.command'), text);
  symlinkSync(name, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
}

const withMounts = itWithMounts();

/** The last commands of an instance, once they are in the status file. */
function lastOf(statusFile: string, instance: string): readonly CommandOutcome[] {
  if (!fs.existsSync(statusFile)) return [];
  return JSON.parse(readFileSync(statusFile, 'utf8')).instances[instance]?.commands?.last ?? [];
}

describe('a directory', () => {
  it('that is missing two levels deep at start is found within one poll, and again after it was removed', async () => {
    const folder = join(fixture.folder, 'run', 'orders');
    const file = join(folder, 'command');
    const channel = fixture.watch({ file, clock });
    await until(() => fixture.looks.length);
    expect(channel.status().watching).toBe('poll');
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, 'reset\n');
    await fixture.untilRan(1, SLOWNESS * 2_500);
    await until(() => channel.status().watching === 'events+poll');
    rmSync(join(fixture.folder, 'run'), { recursive: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, 'report\n');
    await fixture.untilRan(2, SLOWNESS * 3_000);
    await until(() => readFileSync(file, 'utf8').includes(' done '));
    // Armed again: an event is faster than the poll.
    await fixture.looked(1, file);
    const start = clock.elapsed();
    fs.appendFileSync(file, 'pause\n');
    await fixture.untilRan(3);
    expect(clock.elapsed() - start).toBeLessThan(WITHIN_MS);
  });

  it('that Kubernetes swaps under a link is heard twice, read-only and with the answers in the status', async () => {
    const version = (name: string, text: string): void => swap(fixture.folder, name, text);
    version('..2026_1', '');
    symlinkSync('..data/skyanchor.command', fixture.file);
    const channel = await fixture.watchReady({ clock });
    version('..2026_2', 'reset id=a\n');
    await fixture.untilRan(1, SLOWNESS * 1_500);
    version('..2026_3', 'reset id=b\n');
    await fixture.untilRan(2, SLOWNESS * 1_500);
    // Under the same id it is the same command, wherever it stands.
    version('..2026_4', '# again\nreset id=b\n');
    await fixture.looked();
    expect(channel.status().last).toMatchObject([
      { id: 'a', state: 'done' },
      { id: 'b', state: 'done' },
    ]);
    expect(fixture.text).toBe('# again\nreset id=b\n');
  });
});

describe('a mount', () => {
  withMounts('of this one file is written and heard', async () => {
    processes = new ChildProcesses();
    const outside = join(fixture.folder, 'outside');
    writeFileSync(outside, '');
    writeFileSync(fixture.file, '');
    const child = processes.start(
      { file: fixture.file, instanceName: 'orders-1', slowness: SLOWNESS },
      inMounts(`mount --bind ${outside} ${fixture.file}`),
    );
    await child.listening();
    // No look is due any more but that of the poll.
    await child.looked(outside);
    const start = clock.elapsed();
    await fixture.type('echo reset > outside');
    await until(() => child.ran.length);
    expect(clock.elapsed() - start).toBeLessThan(WITHIN_MS);
    await until(() => readFileSync(outside, 'utf8').includes(' done '));
    expect(fixture.text).toBe('');
  });

  withMounts('that is read-only is heard, never written, and its wide open directories do not matter', async () => {
    processes = new ChildProcesses();
    const outside = join(fixture.folder, 'outside');
    const inside = join(fixture.folder, 'inside');
    mkdirSync(outside, { mode: 0o777 });
    fs.chmodSync(outside, 0o777);
    mkdirSync(inside);
    writeFileSync(join(outside, 'command'), 'note first\n');
    const script = `mount --bind ${outside} ${inside}; mount -o remount,ro,bind ${inside}`;
    const statusFile = join(fixture.folder, 'status.json');
    const child = processes.start({ file: join(inside, 'command'), statusFile }, inMounts(script));
    await child.ready();
    await until(() => child.ran.length);
    await fixture.type('echo note second > outside/command');
    await until(() => child.ran.length === 2, Boolean, { timeoutMs: 4_000 });
    const last = await until(
      () => lastOf(statusFile, 'orders'),
      (commands) => commands.length === 2 && commands[1]?.state === 'done',
    );
    expect(last).toMatchObject([
      { verb: 'note', state: 'done' },
      { verb: 'note', state: 'done' },
    ]);
    expect(readFileSync(join(outside, 'command'), 'utf8')).toBe('note second\n');
    expect(child.logged).toEqual([]);
  });

  withMounts('of a ConfigMap is heard at each swap, as Kubernetes makes it: read-only and open to all', async () => {
    processes = new ChildProcesses();
    const outside = join(fixture.folder, 'outside');
    const inside = join(fixture.folder, 'inside');
    mkdirSync(outside);
    fs.chmodSync(outside, 0o777);
    mkdirSync(inside);
    swap(outside, '..2026_1', '');
    symlinkSync('..data/skyanchor.command', join(outside, 'skyanchor.command'));
    const statusFile = join(fixture.folder, 'status.json');
    const child = processes.start(
      { file: join(inside, 'skyanchor.command'), statusFile, instanceName: 'orders', slowness: SLOWNESS },
      inMounts(`mount --bind ${outside} ${inside}; mount -o remount,ro,bind ${inside}`),
    );
    await child.listening();
    for (const [at, name] of ['first', 'second'].entries()) {
      // No look is due any more but that of the poll, and an event is faster.
      await child.looked(join(outside, 'skyanchor.command'));
      const start = clock.elapsed();
      swap(outside, `..2026_${at + 2}`, `note ${name}\n`);
      await until(() => child.ran.length === at + 1);
      expect(clock.elapsed() - start).toBeLessThan(WITHIN_MS);
    }
    const last = await until(
      () => lastOf(statusFile, 'orders'),
      (commands) => commands.length === 2 && commands[1]?.state === 'done',
    );
    expect(last).toMatchObject([{ state: 'done' }, { state: 'done' }]);
    expect(child.ran).toEqual(['note first now', 'note second now']);
    expect(readFileSync(join(outside, 'skyanchor.command'), 'utf8')).toBe('note second\n');
    expect(child.logged).toEqual([]);
  });

  withMounts('in memory is a place like any other', async () => {
    processes = new ChildProcesses();
    const inside = join(fixture.folder, 'inside');
    mkdirSync(inside);
    const file = join(inside, 'command');
    const child = processes.start(
      { file, instanceName: 'orders-1', slowness: SLOWNESS },
      inMounts(`mount -t tmpfs -o mode=755 none ${inside}; echo reset > ${file}`),
    );
    await child.listening();
    const seen = `/proc/${child.process.pid}/root${file}`;
    const text = (): string => readFileSync(seen, 'utf8');
    await until(text, (found) => /^reset\n#! .* running .* !#\n#! .* done .* at-start !#\n$/.test(found));
    await child.looked(seen);
    const start = clock.elapsed();
    writeFileSync(seen, 'note more\n');
    await until(() => child.ran.length === 2);
    expect(clock.elapsed() - start).toBeLessThan(WITHIN_MS);
    await until(text, (found) => /^note more\n#! .* running .* !#\n#! .* done .* !#\n$/.test(found));
  });
});
