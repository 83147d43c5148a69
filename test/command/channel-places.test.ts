import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until';
import { Crew } from './crew';
import { Desk } from './desk';

let desk: Desk;
let crew: Crew | undefined;

beforeEach(() => {
  desk = new Desk();
});

afterEach(async () => {
  await crew?.dismiss();
  crew?.clear();
  crew = undefined;
  await desk.clear();
});

const RAN = ['running', 'done'];

const canMount = ((): boolean => {
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!canMount)
  console.log('bind mounts, read-only mounts and tmpfs are not tested: this machine lets us mount nothing');
const withMounts = canMount ? it : it.skip;

/** No more than none, for all in a user namespace. */
const LIMIT = 'echo 0 > /proc/sys/user/max_inotify_instances';
const canLimit = ((): boolean => {
  try {
    execFileSync('unshare', ['-U', '-r', 'sh', '-ec', LIMIT], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!canLimit) console.log('exhausted inotify is not tested: this machine lets us limit nothing');
const withLimits = canLimit ? it : it.skip;

describe('a directory', () => {
  it('that is missing two levels deep at start is found within one poll, and again after it was removed', async () => {
    const folder = join(desk.folder, 'run', 'orders');
    const file = join(folder, 'command');
    const channel = desk.watch({ file });
    await sleep(200);
    expect(channel.status().watching).toBe('poll');
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, 'reset\n');
    await desk.untilRan(1, 2_500);
    await until(() => channel.status().watching === 'events+poll');
    rmSync(join(desk.folder, 'run'), { recursive: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, 'report\n');
    await desk.untilRan(2, 3_000);
    await until(() => readFileSync(file, 'utf8').includes(' done '));
    // Armed again: an event is faster than the poll.
    await sleep(100);
    const start = performance.now();
    fs.appendFileSync(file, 'pause\n');
    await desk.untilRan(3);
    expect(performance.now() - start).toBeLessThan(900);
  });

  it('that Kubernetes swaps under a link is heard twice, read-only and with the answers in the status', async () => {
    const version = (name: string, text: string): void => {
      mkdirSync(join(desk.folder, name));
      writeFileSync(join(desk.folder, name, 'skyanchor.command'), text);
      symlinkSync(name, join(desk.folder, '..data_tmp'));
      renameSync(join(desk.folder, '..data_tmp'), join(desk.folder, '..data'));
    };
    version('..2026_1', '');
    symlinkSync('..data/skyanchor.command', desk.file);
    const channel = await desk.watchReady();
    version('..2026_2', 'reset id=a\n');
    await desk.untilRan(1, 1_500);
    version('..2026_3', 'reset id=b\n');
    await desk.untilRan(2, 1_500);
    // Under the same id it is the same command, wherever it stands.
    version('..2026_4', '# again\nreset id=b\n');
    await sleep(400);
    expect(channel.status().last).toMatchObject([
      { id: 'a', state: 'done' },
      { id: 'b', state: 'done' },
    ]);
    expect(desk.text).toBe('# again\nreset id=b\n');
  });
});

describe('events', () => {
  withLimits('that cannot be had are missed with one warning, and the poll goes on', async () => {
    crew = new Crew();
    writeFileSync(desk.file, '');
    const limited = ['unshare', '-U', '-r', 'sh', '-ec', `${LIMIT}\nexec "$@"`, '--'];
    const child = crew.start({ file: desk.file, instanceName: 'orders-1' }, limited);
    await child.ready();
    await sleep(300);
    await desk.type('echo reset > $F');
    await until(() => child.ran.length, Boolean, { timeoutMs: 2_500 });
    await desk.untilStates(RAN);
    await sleep(1_200);
    expect(child.logged).toHaveLength(1);
    expect(child.logged[0]).toMatch(/can only be polled, not watched/);
    expect(child.ended).toBeUndefined();
  });

  it('in a busy directory cost next to nothing', async () => {
    await desk.watchReady();
    for (let at = 0; at < 100; at++) writeFileSync(join(desk.folder, `other-${at}`), '');
    await sleep(200);
    const before = process.cpuUsage();
    const start = performance.now();
    await desk.type('i=0; while [ $i -lt 300 ]; do echo x >> other-$((i%100)); i=$((i+1)); sleep 0.002; done');
    const { user, system } = process.cpuUsage(before);
    // chokidar on the directory took half of a core here, this takes a hundredth.
    expect((user + system) / 1_000 / (performance.now() - start)).toBeLessThan(0.25);
  });
});

describe('a mount', () => {
  const inMounts = (script: string): string[] => [
    'unshare',
    '-m',
    '--propagation',
    'private',
    'sh',
    '-ec',
    `${script}\nexec "$@"`,
    '--',
  ];

  withMounts('of this one file is written and heard', async () => {
    crew = new Crew();
    const outside = join(desk.folder, 'outside');
    writeFileSync(outside, '');
    writeFileSync(desk.file, '');
    const child = crew.start(
      { file: desk.file, instanceName: 'orders-1' },
      inMounts(`mount --bind ${outside} ${desk.file}`),
    );
    await child.ready();
    await sleep(300);
    const start = performance.now();
    await desk.type('echo reset > outside');
    await until(() => child.ran.length);
    expect(performance.now() - start).toBeLessThan(900);
    await until(() => readFileSync(outside, 'utf8').includes(' done '));
    expect(desk.text).toBe('');
  });

  withMounts('that is read-only is heard, never written, and its wide open directories do not matter', async () => {
    crew = new Crew();
    const outside = join(desk.folder, 'outside');
    const inside = join(desk.folder, 'inside');
    mkdirSync(outside, { mode: 0o777 });
    fs.chmodSync(outside, 0o777);
    mkdirSync(inside);
    writeFileSync(join(outside, 'command'), 'note first\n');
    const script = `mount --bind ${outside} ${inside}; mount -o remount,ro,bind ${inside}`;
    const statusFile = join(desk.folder, 'status.json');
    const child = crew.start({ file: join(inside, 'command'), statusFile }, inMounts(script));
    await child.ready();
    await until(() => child.ran.length);
    await desk.type('echo note second > outside/command');
    await until(() => child.ran.length === 2, Boolean, { timeoutMs: 4_000 });
    const last = await until(
      () => {
        const { instances } = JSON.parse(readFileSync(statusFile, 'utf8'));
        return instances.orders.commands?.last ?? [];
      },
      (commands) => commands.length === 2 && commands[1].state === 'done',
    );
    expect(last).toMatchObject([
      { verb: 'note', state: 'done' },
      { verb: 'note', state: 'done' },
    ]);
    expect(readFileSync(join(outside, 'command'), 'utf8')).toBe('note second\n');
    expect(child.logged).toEqual([]);
  });

  withMounts('in memory is a place like any other', async () => {
    crew = new Crew();
    const inside = join(desk.folder, 'inside');
    mkdirSync(inside);
    const file = join(inside, 'command');
    const script = `mount -t tmpfs -o mode=755 none ${inside}; echo reset > ${file}; (sleep 1; cat ${file} > ${desk.folder}/seen) &`;
    const child = crew.start({ file, instanceName: 'orders-1' }, inMounts(script));
    await child.ready();
    await until(() => child.ran.length);
    const seen = await until(
      () => fs.existsSync(join(desk.folder, 'seen')) && readFileSync(join(desk.folder, 'seen'), 'utf8'),
    );
    expect(seen).toMatch(/^reset\n#! .* running .* !#\n#! .* done .* at-start !#\n$/);
  });
});
