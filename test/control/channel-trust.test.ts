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
import { until, untilQuick } from '../support/until';
import { ChildProcesses } from './child-processes';
import { type ChannelOptions, CommandFileFixture } from './command-file-fixture';
import { itWhere } from './it-where';

let fixture: CommandFileFixture;

beforeEach(() => {
  fixture = new CommandFileFixture();
});

afterEach(() => fixture.clear());

const isRoot = process.geteuid?.() === 0;
/** Only root can give files away. */
const asRoot = isRoot ? it : it.skip;
if (!isRoot)
  console.log('foreign owners and devices are not tested: it takes root to make them. Run the tests as root.');

const OTHER_USER = 4711;

/** Watches a file that breaks a rule, sees it refused, mends it and sees it heard. */
async function refusedThenHeard(
  rule: RegExp,
  mend: () => void | Promise<void>,
  options: ChannelOptions = {},
): Promise<void> {
  const channel = fixture.watch(options);
  const fault = await until(() => channel.status().fault, Boolean);
  expect(fault).toMatch(rule);
  // It would have run by now. Nothing says when a look that does nothing is over.
  await sleep(100);
  expect(fixture.ran).toEqual([]);
  await mend();
  await fixture.untilRan(1, 5_000);
  expect(channel.status().fault).toBeNull();
  await until(() => channel.status().last.at(-1)?.state === 'done');
  const said = fixture.logged.filter((line) => line.includes('refused'));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(rule);
}

describe('a file that others could have written', () => {
  it('with write permission for its group is refused, with the command that mends it', async () => {
    writeFileSync(fixture.file, 'reset\n');
    chmodSync(fixture.file, 0o664);
    await refusedThenHeard(new RegExp(`mend it with: chmod go-w ${fixture.file}`), () => fixture.type('chmod go-w $F'));
  });

  it('with write permission for all users is refused', async () => {
    writeFileSync(fixture.file, 'reset\n');
    chmodSync(fixture.file, 0o602);
    await refusedThenHeard(/may be written by its group or by others/, () => chmodSync(fixture.file, 0o600));
  });

  asRoot('of a foreign owner is refused', async () => {
    writeFileSync(fixture.file, 'reset\n');
    chownSync(fixture.file, OTHER_USER, OTHER_USER);
    await refusedThenHeard(/belongs to user 4711/, () => chownSync(fixture.file, 0, 0));
  });

  asRoot('of an owner that was named is heard, and as the file of another user it is not written', async () => {
    fixture.addVerb({ name: 'once' });
    writeFileSync(fixture.file, 'once\n');
    chownSync(fixture.file, OTHER_USER, OTHER_USER);
    const channel = fixture.watch({ owners: [OTHER_USER] });
    await until(() => channel.status().last[0]?.state === 'done');
    await fixture.looked();
    expect(fixture.text).toBe('once\n');
    expect(fixture.ran).toEqual(['once']);
  });

  it('with a second name is refused', async () => {
    writeFileSync(fixture.file, 'reset\n');
    linkSync(fixture.file, join(fixture.folder, 'other'));
    await refusedThenHeard(/has 2 hard links/, () => unlinkSync(join(fixture.folder, 'other')));
  });

  it('in a directory where others may write is refused', async () => {
    writeFileSync(fixture.file, 'reset\n');
    chmodSync(fixture.folder, 0o777);
    await refusedThenHeard(new RegExp(`chmod go-w ${fixture.folder}`), () => chmodSync(fixture.folder, 0o755));
  });

  it('in a directory below one where others may write is refused', async () => {
    const folder = join(fixture.folder, 'open', 'closed');
    mkdirSync(folder, { recursive: true });
    chmodSync(join(fixture.folder, 'open'), 0o777);
    const file = join(folder, 'command');
    writeFileSync(file, 'reset\n');
    await refusedThenHeard(/open, where others may write/, () => chmodSync(join(fixture.folder, 'open'), 0o755), {
      file,
    });
  });

  asRoot('in a directory of another user is refused', async () => {
    writeFileSync(fixture.file, 'reset\n');
    chownSync(fixture.folder, OTHER_USER, OTHER_USER);
    await refusedThenHeard(/which belongs to user 4711/, () => chownSync(fixture.folder, 0, 0));
  });

  it('behind a link into a directory where others may write is refused', async () => {
    const folder = join(fixture.folder, '..2026');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    writeFileSync(join(folder, 'command'), 'reset\n');
    symlinkSync('..2026/command', fixture.file);
    await refusedThenHeard(/2026, where others may write/, () => chmodSync(folder, 0o755));
    // It is heard, and being behind a link it is not written.
    expect(fixture.text).toBe('reset\n');
  });

  it('in a sticky directory, as /tmp is, is read', async () => {
    writeFileSync(fixture.file, 'reset\n');
    chmodSync(fixture.folder, 0o1777);
    fixture.watch();
    await fixture.untilRan(1);
  });

  it('in a directory that is trusted by option is read, while the rules for the file itself still hold', async () => {
    writeFileSync(fixture.file, 'reset\n');
    chmodSync(fixture.folder, 0o777);
    chmodSync(fixture.file, 0o666);
    await refusedThenHeard(/may be written by/, () => chmodSync(fixture.file, 0o644), { trustDirectory: true });
  });
});

describe('a file that is none', () => {
  const heard = (): void => writeFileSync(fixture.file, 'reset\n');
  const remove = (): Promise<void> => fixture.type('rm -rf $F');

  it('but a directory is refused', async () => {
    mkdirSync(fixture.file);
    await refusedThenHeard(/not a regular file but a directory/, async () => {
      await remove();
      heard();
    });
  });

  it('but a FIFO is refused, without anything waiting for a writer', async () => {
    await fixture.type('mkfifo $F');
    await refusedThenHeard(/not a regular file but a fifo/, async () => {
      await remove();
      heard();
    });
  });

  it('but a FIFO, for four agents at once, freezes none of what the process does with files and names', async () => {
    let made = 0;
    // Others each time: what held up one run may have let go by the next.
    await untilQuick(async () => {
      for (let at = 0; at < 4; at++) {
        const file = `${fixture.file}-${made++}`;
        await fixture.type(`mkfifo ${file}`);
        fixture.watch({ file });
      }
      await until(() => fixture.channels.every((channel) => channel.status().fault !== null));
      const startedAt = performance.now();
      await Promise.all([readFile(__filename), lookup('localhost'), readFile(__filename), lookup('localhost')]);
      return performance.now() - startedAt;
    }, 1_000);
  });

  asRoot('but a device is refused', async () => {
    await fixture.type('mknod -m 600 $F c 1 5');
    await refusedThenHeard(/not a regular file but a device|cannot be opened \(EACCES\)/, async () => {
      await remove();
      heard();
    });
  });

  it('but a socket is refused', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(fixture.file, resolve));
    await refusedThenHeard(/cannot be opened \(ENXIO\)/, async () => {
      await new Promise((resolve) => server.close(resolve));
      heard();
    });
  });

  it.each(['/etc/passwd', '/dev/zero', '../../etc/shadow'])('but a link to %s is refused', async (target) => {
    symlinkSync(target, fixture.file);
    await refusedThenHeard(/is a link that leads out of its directory/, async () => {
      unlinkSync(fixture.file);
      heard();
    });
  });

  it('but a link that leads nowhere is as good as missing', async () => {
    symlinkSync('nowhere', fixture.file);
    const channel = await fixture.watchReady();
    expect(channel.status().fault).toBeNull();
  });
});

describe('a file whose content cannot be trusted', () => {
  const cases: [string, string | Buffer, RegExp][] = [
    ['invalid UTF-8', Buffer.from([0x72, 0xc3, 0x28, 0x0a]), /is not valid UTF-8/],
    ['half of UTF-16', Buffer.from([0xff, 0xfe, 0x72, 0x00, 0x0a]), /is not valid UTF-16/],
    ['an escape', 'reset\u001b[2J\n', /holds control characters/],
    ['a NUL', 'reset\0\n', /holds control characters/],
    ['over 64 KiB beside the stamps', `#${'x'.repeat(70_000)}\nreset\n`, /more than 65536 bytes/],
    ['65 commands', Array.from({ length: 65 }, (_, at) => `report id=${at}\n`).join(''), /more than 64 commands/],
  ];

  it.each(cases)('for %s is refused, logged once and not shown', async (_, content, rule) => {
    writeFileSync(fixture.file, content);
    await refusedThenHeard(rule, () => writeFileSync(fixture.file, 'reset\n'));
    expect(fixture.logged.join()).not.toMatch(/xxx|\[2J|id=/);
  });

  it('for 10 GB that are not there is refused without being read', async () => {
    writeFileSync(fixture.file, 'reset\n');
    truncateSync(fixture.file, 10 * 1024 ** 3);
    const start = performance.now();
    await refusedThenHeard(/is larger than 1048576 bytes/, () => writeFileSync(fixture.file, 'reset\n'));
    expect(performance.now() - start).toBeLessThan(8_000);
  });

  it('is not written to, stays so at every poll, and is said again only when it is broken again', async () => {
    writeFileSync(fixture.file, 'reset\0\n');
    const channel = fixture.watch();
    await until(() => channel.status().fault, Boolean);
    const before = fixture.looks.length;
    await until(() => fixture.looks.length > before + 1);
    expect(fixture.text).toBe('reset\0\n');
    const said = (): string[] => fixture.logged.filter((line) => line.includes('refused'));
    expect(said()).toHaveLength(1);
    writeFileSync(fixture.file, '# fine\n');
    await until(() => channel.status().fault === null);
    writeFileSync(fixture.file, 'report\0\n');
    await until(() => channel.status().fault, Boolean);
    expect(said()).toHaveLength(2);
    expect(fixture.ran).toEqual([]);
  });

  it('does not fill the log where another user breaks and mends it without end', async () => {
    const channel = await fixture.watchReady();
    for (let n = 0; n < 15; n++) {
      writeFileSync(fixture.file, `report${n}\0\n`);
      await until(() => channel.status().fault, Boolean);
      writeFileSync(fixture.file, `# fine ${n}\n`);
      await until(() => channel.status().fault === null);
    }
    expect(fixture.logged.filter((line) => line.includes('is refused'))).toHaveLength(11);
    expect(fixture.logged.filter((line) => line.includes('breaks no rule any more'))).toHaveLength(11);
  });

  it('does not fill the log where another user gives it ever more hard links', async () => {
    writeFileSync(fixture.file, 'reset\n');
    const channel = fixture.watch();
    for (let n = 2; n < 17; n++) {
      linkSync(fixture.file, join(fixture.folder, `link-${n}`));
      await until(() => channel.status().fault?.includes(`has ${n} hard links`) === true);
    }
    expect(fixture.logged.filter((line) => line.includes('is refused'))).toHaveLength(11);
  });
});

describe('a file of root, for a process that is not root’s,', () => {
  const as = ['setpriv', '--reuid', String(OTHER_USER), '--regid', String(OTHER_USER), '--clear-groups'];
  const asSomebody = itWhere(
    [...as, process.execPath, '-e', `require(${JSON.stringify(join(__dirname, '..', '..', 'package.json'))})`],
    'files that may not be read or written are not tested: it takes root, to run a process as another user, ' +
      'and a checkout that everybody may read',
  );

  asSomebody('is refused when it may not be read, and when it may it is heard and never written', async () => {
    const processes = new ChildProcesses();
    chmodSync(fixture.folder, 0o755);
    const answers = join(fixture.folder, 'answers');
    mkdirSync(answers);
    chownSync(answers, OTHER_USER, OTHER_USER);
    const statusFile = join(answers, 'status.json');
    const commands = (): { fault: string | null; last: { state: string }[] } | undefined =>
      existsSync(statusFile) ? JSON.parse(readFileSync(statusFile, 'utf8')).instances.orders?.commands : undefined;
    writeFileSync(fixture.file, 'note first\n', { mode: 0o600 });
    const child = processes.start({ file: fixture.file, statusFile, instanceName: 'orders' }, as);
    try {
      await child.listening();
      expect((await until(commands, (found) => found?.fault))?.fault).toBe('cannot be opened (EACCES)');
      await fixture.type('chmod 644 $F');
      await until(commands, (found) => found?.fault === null && found.last[0]?.state === 'done');
      await child.looked(fixture.file);
      expect(fixture.text).toBe('note first\n');
      expect(child.ran).toEqual(['note first now']);
      // What may not be read may not be watched either.
      expect(child.logged).toHaveLength(3);
      expect(child.logged[0]).toMatch(/can only be polled, not watched: EACCES/);
      expect(child.logged[1]).toMatch(/is refused: it cannot be opened \(EACCES\)$/);
      expect(child.logged[2]).toMatch(/breaks no rule any more$/);
    } finally {
      await processes.dismiss();
      processes.clear();
    }
  });
});
