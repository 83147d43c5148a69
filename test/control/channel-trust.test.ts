import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { CommandChannelOptions } from '../../src/control/run/command-channel';
import { until } from '../support/until';
import { Crew } from './child-processes';
import { Desk } from './command-file-fixture';
import { itWhere } from './it-where';

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});

afterEach(() => desk.clear());

const isRoot = process.geteuid?.() === 0;
/** Only root can give files away. */
const asRoot = isRoot ? it : it.skip;
if (!isRoot)
  console.log('foreign owners and devices are not tested: it takes root to make them. Run the tests as root.');

const SOMEBODY = 4711;

/** Watches a file that breaks a rule, sees it refused, mends it and sees it heard. */
async function refusedThenHeard(
  rule: RegExp,
  mend: () => void | Promise<void>,
  options: Partial<CommandChannelOptions> = {},
): Promise<void> {
  const channel = desk.watch(options);
  const fault = await until(() => channel.status().fault, Boolean);
  expect(fault).toMatch(rule);
  // It would have run by now. Nothing says when a look that does nothing is over.
  await sleep(100);
  expect(desk.ran).toEqual([]);
  await mend();
  await desk.untilRan(1, 5_000);
  expect(channel.status().fault).toBeNull();
  await until(() => channel.status().last.at(-1)?.state === 'done');
  const said = desk.logged.filter((line) => line.includes('refused'));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(rule);
}

describe('a file that others could have written', () => {
  it('with write permission for its group is refused, with the command that mends it', async () => {
    writeFileSync(desk.file, 'reset\n');
    chmodSync(desk.file, 0o664);
    await refusedThenHeard(new RegExp(`mend it with: chmod go-w ${desk.file}`), () => desk.type('chmod go-w $F'));
  });

  it('with write permission for everybody is refused', async () => {
    writeFileSync(desk.file, 'reset\n');
    chmodSync(desk.file, 0o602);
    await refusedThenHeard(/may be written by its group or by others/, () => chmodSync(desk.file, 0o600));
  });

  asRoot('of a foreign owner is refused', async () => {
    writeFileSync(desk.file, 'reset\n');
    chownSync(desk.file, SOMEBODY, SOMEBODY);
    await refusedThenHeard(/belongs to user 4711/, () => chownSync(desk.file, 0, 0));
  });

  asRoot('of an owner that was named is heard, and being somebody else’s it is not written', async () => {
    desk.addVerb({ name: 'once' });
    writeFileSync(desk.file, 'once\n');
    chownSync(desk.file, SOMEBODY, SOMEBODY);
    const channel = desk.watch({ owners: [SOMEBODY] });
    await until(() => channel.status().last[0]?.state === 'done');
    await desk.looked();
    expect(desk.text).toBe('once\n');
    expect(desk.ran).toEqual(['once']);
  });

  it('with a second name is refused', async () => {
    writeFileSync(desk.file, 'reset\n');
    linkSync(desk.file, join(desk.folder, 'other'));
    await refusedThenHeard(/has 2 hard links/, () => unlinkSync(join(desk.folder, 'other')));
  });

  it('in a directory where others may write is refused', async () => {
    writeFileSync(desk.file, 'reset\n');
    chmodSync(desk.folder, 0o777);
    await refusedThenHeard(new RegExp(`chmod go-w ${desk.folder}`), () => chmodSync(desk.folder, 0o755));
  });

  it('in a directory below one where others may write is refused', async () => {
    const folder = join(desk.folder, 'open', 'closed');
    mkdirSync(folder, { recursive: true });
    chmodSync(join(desk.folder, 'open'), 0o777);
    const file = join(folder, 'command');
    writeFileSync(file, 'reset\n');
    await refusedThenHeard(/open, where others may write/, () => chmodSync(join(desk.folder, 'open'), 0o755), { file });
  });

  asRoot('in a directory of somebody else is refused', async () => {
    writeFileSync(desk.file, 'reset\n');
    chownSync(desk.folder, SOMEBODY, SOMEBODY);
    await refusedThenHeard(/which belongs to user 4711/, () => chownSync(desk.folder, 0, 0));
  });

  it('behind a link into a directory where others may write is refused', async () => {
    const folder = join(desk.folder, '..2026');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    writeFileSync(join(folder, 'command'), 'reset\n');
    symlinkSync('..2026/command', desk.file);
    await refusedThenHeard(/2026, where others may write/, () => chmodSync(folder, 0o755));
    // It is heard, and being behind a link it is not written.
    expect(desk.text).toBe('reset\n');
  });

  it('in a sticky directory, as /tmp is, is heard', async () => {
    writeFileSync(desk.file, 'reset\n');
    chmodSync(desk.folder, 0o1777);
    desk.watch();
    await desk.untilRan(1);
  });

  it('in a directory that is trusted by option is heard, while the rules for the file itself still hold', async () => {
    writeFileSync(desk.file, 'reset\n');
    chmodSync(desk.folder, 0o777);
    chmodSync(desk.file, 0o666);
    await refusedThenHeard(/may be written by/, () => chmodSync(desk.file, 0o644), { trustDirectory: true });
  });
});

describe('a file that is none', () => {
  const heard = (): void => writeFileSync(desk.file, 'reset\n');
  const remove = (): Promise<void> => desk.type('rm -rf $F');

  it('but a directory is refused', async () => {
    mkdirSync(desk.file);
    await refusedThenHeard(/not a regular file but a directory/, async () => {
      await remove();
      heard();
    });
  });

  it('but a FIFO is refused, without anything waiting for a writer', async () => {
    await desk.type('mkfifo $F');
    await refusedThenHeard(/not a regular file but a fifo/, async () => {
      await remove();
      heard();
    });
  });

  it('but a FIFO, for four agents at once, freezes none of what the process does with files and names', async () => {
    for (let at = 0; at < 4; at++) {
      const file = `${desk.file}-${at}`;
      await desk.type(`mkfifo ${file}`);
      desk.watch({ file });
    }
    await until(() => desk.channels.every((channel) => channel.status().fault !== null));
    const start = performance.now();
    await Promise.all([readFile(__filename), lookup('localhost'), readFile(__filename), lookup('localhost')]);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  asRoot('but a device is refused', async () => {
    await desk.type('mknod -m 600 $F c 1 5');
    await refusedThenHeard(/not a regular file but a device|cannot be opened \(EACCES\)/, async () => {
      await remove();
      heard();
    });
  });

  it('but a socket is refused', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(desk.file, resolve));
    await refusedThenHeard(/cannot be opened \(ENXIO\)/, async () => {
      await new Promise((resolve) => server.close(resolve));
      heard();
    });
  });

  it.each(['/etc/passwd', '/dev/zero', '../../etc/shadow'])('but a link to %s is refused', async (target) => {
    symlinkSync(target, desk.file);
    await refusedThenHeard(/is a link that leads out of its directory/, async () => {
      unlinkSync(desk.file);
      heard();
    });
  });

  it('but a link that leads nowhere is as good as missing', async () => {
    symlinkSync('nowhere', desk.file);
    const channel = await desk.watchReady();
    expect(channel.status().fault).toBeNull();
  });
});

describe('a file whose content nobody should believe', () => {
  const cases: [string, string | Buffer, RegExp][] = [
    ['invalid UTF-8', Buffer.from([0x72, 0xc3, 0x28, 0x0a]), /is not valid UTF-8/],
    ['half of UTF-16', Buffer.from([0xff, 0xfe, 0x72, 0x00, 0x0a]), /is not valid UTF-16/],
    ['an escape', 'reset\u001b[2J\n', /holds control characters/],
    ['a NUL', 'reset\0\n', /holds control characters/],
    ['over 64 KiB beside the stamps', `#${'x'.repeat(70_000)}\nreset\n`, /more than 65536 bytes/],
    ['65 commands', Array.from({ length: 65 }, (_, at) => `report id=${at}\n`).join(''), /more than 64 commands/],
  ];

  it.each(cases)('for %s is refused, once said and nothing of it shown', async (_, content, rule) => {
    writeFileSync(desk.file, content);
    await refusedThenHeard(rule, () => writeFileSync(desk.file, 'reset\n'));
    expect(desk.logged.join()).not.toMatch(/xxx|\[2J|id=/);
  });

  it('for 10 GB that are not there is refused without being read', async () => {
    writeFileSync(desk.file, 'reset\n');
    truncateSync(desk.file, 10 * 1024 ** 3);
    const start = performance.now();
    await refusedThenHeard(/is larger than 1048576 bytes/, () => writeFileSync(desk.file, 'reset\n'));
    expect(performance.now() - start).toBeLessThan(8_000);
  });

  it('is not written to, stays so at every poll, and is said again only when it is broken again', async () => {
    writeFileSync(desk.file, 'reset\0\n');
    const channel = desk.watch();
    await until(() => channel.status().fault, Boolean);
    const before = desk.looks.length;
    await until(() => desk.looks.length > before + 1);
    expect(desk.text).toBe('reset\0\n');
    const said = (): string[] => desk.logged.filter((line) => line.includes('refused'));
    expect(said()).toHaveLength(1);
    writeFileSync(desk.file, '# fine\n');
    await until(() => channel.status().fault === null);
    writeFileSync(desk.file, 'report\0\n');
    await until(() => channel.status().fault, Boolean);
    expect(said()).toHaveLength(2);
    expect(desk.ran).toEqual([]);
  });
});

describe('a file of root, for a process that is not root’s,', () => {
  const as = ['setpriv', '--reuid', String(SOMEBODY), '--regid', String(SOMEBODY), '--clear-groups'];
  const asSomebody = itWhere(
    [...as, process.execPath, '-e', `require(${JSON.stringify(join(__dirname, '..', '..', 'package.json'))})`],
    'files that may not be read or written are not tested: it takes root, to run a process as somebody else, ' +
      'and a checkout that everybody may read',
  );

  asSomebody('is refused when it may not be read, and when it may it is heard and never written', async () => {
    const crew = new Crew();
    chmodSync(desk.folder, 0o755);
    const answers = join(desk.folder, 'answers');
    mkdirSync(answers);
    chownSync(answers, SOMEBODY, SOMEBODY);
    const statusFile = join(answers, 'status.json');
    const commands = (): { fault: string | null; last: { state: string }[] } | undefined =>
      existsSync(statusFile) ? JSON.parse(readFileSync(statusFile, 'utf8')).instances.orders?.commands : undefined;
    writeFileSync(desk.file, 'note first\n', { mode: 0o600 });
    const child = crew.start({ file: desk.file, statusFile, instanceName: 'orders' }, as);
    try {
      await child.listening();
      expect((await until(commands, (found) => found?.fault))?.fault).toBe('cannot be opened (EACCES)');
      await desk.type('chmod 644 $F');
      await until(commands, (found) => found?.fault === null && found.last[0]?.state === 'done');
      await child.looked(desk.file);
      expect(desk.text).toBe('note first\n');
      expect(child.ran).toEqual(['note first now']);
      // What may not be read may not be watched either.
      expect(child.logged).toHaveLength(3);
      expect(child.logged[0]).toMatch(/can only be polled, not watched: EACCES/);
      expect(child.logged[1]).toMatch(/is refused: it cannot be opened \(EACCES\)$/);
      expect(child.logged[2]).toMatch(/breaks no rule any more$/);
    } finally {
      await crew.dismiss();
      crew.clear();
    }
  });
});
