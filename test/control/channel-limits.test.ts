import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { slowClock } from '../support/slow-clock';
import { until } from '../support/until';
import { ChildProcesses, type Child } from './child-processes';
import { CommandFileFixture } from './command-file-fixture';
import { inMounts, itWhere, itWithMounts } from './it-where';

const processes = new ChildProcesses();
let fixture: CommandFileFixture;

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

beforeEach(() => {
  fixture = new CommandFileFixture();
  writeFileSync(fixture.file, '');
});

afterEach(async () => {
  await processes.dismiss();
  await fixture.clear();
});

afterAll(() => processes.clear());

const RAN = ['running', 'done'];

/** A program in a user namespace of its own, with a limit of inotify instances, or of watches, for all in it. */
const limited = (what: 'instances' | 'watches', count: number): string[] => [
  'unshare',
  '-U',
  '-r',
  'sh',
  '-ec',
  `echo ${count} > /proc/sys/user/max_inotify_${what}\nexec "$@"`,
  '--',
];

const withLimits = itWhere(
  [...limited('watches', 0), 'true'],
  'exhausted inotify is not tested: this machine lets us limit nothing. It is where user namespaces are allowed: ' +
    'sysctl user.max_user_namespaces above 0, in a container with --security-opt seccomp=unconfined.',
);

const EVENTS_LIMIT = '/proc/sys/fs/inotify/max_queued_events';
const withOverflow = itWhere(
  ['sh', '-c', `test "$(cat ${EVENTS_LIMIT})" -le 100000`],
  `an overflow of the event queue is not tested: it holds too many here, or this is no Linux (see ${EVENTS_LIMIT})`,
);

const withMounts = itWithMounts();

/** By events that never come, a command is heard all the same; each of these gives the file another inode. */
async function expectPolled(child: Child): Promise<void> {
  for (let at = 1; at <= 3; at++) {
    // No look is due any more but that of the poll.
    await child.looked(fixture.file);
    await fixture.type('echo reset > new; mv new $F');
    await until(() => child.ran.length === at, Boolean, { timeoutMs: 4_000 });
    await fixture.untilStates(RAN);
  }
  expect(child.ended).toBeUndefined();
}

describe('a watch that cannot be had', () => {
  withLimits.each<[string, 'instances' | 'watches', number, string]>([
    ['since there are too many instances', 'instances', 0, 'EMFILE'],
    ['since there are too many watches', 'watches', 0, 'ENOSPC'],
    ['for the file, only for its directory', 'watches', 1, 'ENOSPC'],
  ])('%s, is said once, and the poll goes on', async (_, what, count, code) => {
    const child = processes.start({ file: fixture.file, instanceName: 'orders-1' }, limited(what, count));
    await child.listening();
    await expectPolled(child);
    expect(child.logged).toHaveLength(1);
    expect(child.logged[0]).toMatch(new RegExp(`can only be polled, not watched: .*${code}`));
  });

  it('nor the file opened, since there is no descriptor left, is said once, and all goes on when there is', async () => {
    const few = ['sh', '-ec', 'ulimit -n 80\nexec "$@"', '--'];
    writeFileSync(fixture.file, 'note first\n');
    const child = processes.start({ file: fixture.file, instanceName: 'orders-1', isHoarder: true }, few);
    await until(() => child.looks.length > 1);
    expect(child.ran).toEqual([]);
    child.process.kill('SIGUSR2');
    await until(() => child.ran.length === 1);
    await fixture.untilStates(RAN);
    await expectPolledAfter(child, 1);
    expect(child.logged.filter((line) => /can only be polled, not watched: .*EMFILE/.test(line))).toHaveLength(1);
    expect(child.logged.filter((line) => /cannot be read: EMFILE/.test(line))).toHaveLength(1);
    expect(child.logged.filter((line) => /can be read again/.test(line))).toHaveLength(1);
    expect(child.logged).toHaveLength(3);
  });

  async function expectPolledAfter(child: Child, ran: number): Promise<void> {
    await fixture.type('echo note later > $F');
    await until(() => child.ran.length === ran + 1);
    await fixture.untilStates(RAN);
    expect(child.ended).toBeUndefined();
  }
});

describe('a queue of events that overflows', () => {
  withOverflow(
    'loses the one event that counts, and the poll finds what it told of; then events come again',
    async () => {
      const slowness = 5;
      const clock = slowClock(slowness);
      const child = processes.start({ file: fixture.file, instanceName: 'orders-1', slowness });
      await child.ready();
      // No look is due any more but that of the poll.
      await child.looked(fixture.file);
      child.process.kill('SIGSTOP');
      const [one, other] = [join(fixture.folder, 'one'), join(fixture.folder, 'other')];
      writeFileSync(one, '');
      writeFileSync(other, '');
      // Two in turn: of two equal events that follow each other there is one.
      for (let at = Number(readFileSync(EVENTS_LIMIT, 'utf8')); at > 0; at--)
        utimesSync(at % 2 === 0 ? one : other, at, at);
      await fixture.type('echo note lost > $F');
      child.process.kill('SIGCONT');
      await until(() => child.ran.length === 1, Boolean, { timeoutMs: slowness * 4_000 });
      await fixture.untilStates(RAN);
      await child.looked(fixture.file);
      const start = clock.elapsed();
      await fixture.type('echo note heard > $F');
      await until(() => child.ran.length === 2);
      expect(clock.elapsed() - start).toBeLessThan(900);
      expect(child.ran).toEqual(['note lost now', 'note heard now']);
      expect(child.logged).toEqual([]);
    },
  );
});

describe('a disk that takes no more', () => {
  /** As large as whole pages, so that the next byte needs another; the command is at its end. */
  const pageful = (command: string): string => `#${'x'.repeat(4_096 - 3 - command.length)}\n${command}\n`;

  withMounts(
    'runs nothing, since nothing may be run that is not written down, says so once, and then runs it',
    async () => {
      const disk = join(fixture.folder, 'disk');
      mkdirSync(disk);
      const file = join(disk, 'command');
      writeFileSync(join(fixture.folder, 'page'), pageful('note full'));
      const script = `mount -t tmpfs -o size=16k,mode=755 none ${disk}
      cp ${fixture.folder}/page ${file}; dd if=/dev/zero of=${disk}/ballast bs=4k count=4 status=none || true`;
      const child = processes.start({ file, instanceName: 'orders-1' }, inMounts(script));
      await until(() => child.looks.length > 2);
      expect(child.ran).toEqual([]);
      expect(child.logged).toHaveLength(1);
      expect(child.logged[0]).toMatch(/cannot be appended to: ENOSPC/);
      const inside = `/proc/${child.process.pid}/root${disk}`;
      rmSync(join(inside, 'ballast'));
      await until(() => child.ran.length === 1);
      const text = await until(
        () => readFileSync(join(inside, 'command'), 'utf8'),
        (found) => found.includes(' done '),
      );
      expect(text.slice(4_096)).toMatch(/^#! .* running .* !#\n#! .* done .* !#\n$/);
      expect(child.ran).toEqual(['note full now']);
      expect(child.logged.slice(1)).toEqual(['the command file can be appended to again']);
      expect(child.ended).toBeUndefined();
    },
  );

  it('of this process runs nothing, logs that once, and answers when the operator has made the file shorter', async () => {
    // In units of 512 bytes.
    const short = ['sh', '-ec', 'ulimit -f 8\nexec "$@"', '--'];
    writeFileSync(fixture.file, pageful('note long'));
    const child = processes.start({ file: fixture.file, instanceName: 'orders-1' }, short);
    await until(() => child.looks.length > 2);
    expect(child.ran).toEqual([]);
    expect(fixture.text).toBe(pageful('note long'));
    await fixture.type('echo note short > $F');
    await until(() => child.ran.length === 1);
    await fixture.untilStates(RAN);
    expect(child.ran).toEqual(['note short now']);
    expect(child.logged).toHaveLength(2);
    expect(child.logged[0]).toMatch(/cannot be appended to: EFBIG/);
    expect(child.logged[1]).toBe('the command file can be appended to again');
  });
});

describe('events of others', () => {
  it('in a busy directory cost next to nothing', async () => {
    await fixture.watchReady();
    for (let at = 0; at < 100; at++) writeFileSync(join(fixture.folder, `other-${at}`), '');
    await fixture.looked();
    const before = process.cpuUsage();
    const start = performance.now();
    await fixture.type('i=0; while [ $i -lt 300 ]; do echo x >> other-$((i%100)); i=$((i+1)); sleep 0.002; done');
    const { user, system } = process.cpuUsage(before);
    // chokidar on the directory took half of a core here, this takes a hundredth.
    expect((user + system) / 1_000 / (performance.now() - start)).toBeLessThan(0.25);
  });
});
