import { chmodSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reset } from '../../src/cli/reset';
import { type ChannelOptions, CommandFileFixture } from '../control/command-file-fixture';
import { until } from '../support/until';
import { asOther, itWithTwoUsers, OTHER, protectedSymlinks, startAsOther } from './other-user';

const asTwo = itWithTwoUsers();

// Under 1 the kernel itself follows no foreign link in a sticky directory. The tests hold under both; under 0 they prove more.
const kernelProtects = protectedSymlinks() === '1';
if (kernelProtects)
  console.log('fs.protected_symlinks is 1: some links below are refused by the kernel before our rules are asked.');

/** Shared as /tmp is. */
let fixture: CommandFileFixture;

beforeEach(() => {
  fixture = new CommandFileFixture('app.command');
  chmodSync(fixture.folder, 0o1777);
});

afterEach(() => fixture.clear());

const FOREIGN_LINK = new RegExp(`the link .* which belongs to user ${OTHER}|cannot be opened \\(EACCES\\)`);

async function isRefused(rule: RegExp, options: ChannelOptions = {}): Promise<void> {
  const channel = fixture.watch(options);
  await until(
    () => [channel.status().fault, fixture.ran] as const,
    ([fault, ran]) => fault !== null || ran.length > 0,
  );
  expect(fixture.ran).toEqual([]);
  expect(channel.status().fault).toMatch(rule);
}

describe('the command file in a directory like /tmp', () => {
  asTwo(
    'is refused when another user has put a link to a file of ours there, and heard when the link is gone',
    async () => {
      writeFileSync(join(fixture.folder, 'upload_abc'), 'reset\n');
      asOther('ln -s upload_abc app.command', fixture.folder);
      await isRefused(FOREIGN_LINK);
      expect(readFileSync(join(fixture.folder, 'upload_abc'), 'utf8')).toBe('reset\n');
      rmSync(fixture.file);
      writeFileSync(fixture.file, 'reset\n');
      await fixture.untilRan(1);
    },
  );

  asTwo('is refused when a directory on the way is a link of another user', async () => {
    mkdirSync(join(fixture.folder, 'uploads'));
    writeFileSync(join(fixture.folder, 'uploads', 'app.command'), 'reset\n');
    asOther('ln -s uploads run', fixture.folder);
    await isRefused(/belongs to user 4711|EACCES/, { file: join(fixture.folder, 'run', 'app.command') });
  });

  asTwo('is refused when a link of ours leads through a link of another user', async () => {
    mkdirSync(join(fixture.folder, 'uploads'));
    writeFileSync(join(fixture.folder, 'uploads', 'app.command'), 'reset\n');
    asOther('ln -s uploads current', fixture.folder);
    symlinkSync('current', join(fixture.folder, 'run'));
    await isRefused(FOREIGN_LINK, { file: join(fixture.folder, 'run', 'app.command') });
  });

  asTwo('is refused behind a link of another user although its directory is trusted', async () => {
    writeFileSync(join(fixture.folder, 'upload_abc'), 'reset\n');
    asOther('ln -s upload_abc app.command', fixture.folder);
    await isRefused(FOREIGN_LINK, { trustDirectory: true });
  });

  it('is refused behind a link of ours that has a second name', async () => {
    writeFileSync(join(fixture.folder, 'upload_abc'), 'reset\n');
    symlinkSync('upload_abc', join(fixture.folder, 'latest'));
    linkSync(join(fixture.folder, 'latest'), fixture.file);
    expect(lstatSync(fixture.file).isSymbolicLink()).toBe(true);
    await isRefused(/the link .* which has 2 hard links/);
  });

  it('is heard behind a link of our own, and never written', async () => {
    writeFileSync(join(fixture.folder, 'real'), 'reset\n');
    symlinkSync('real', fixture.file);
    const channel = fixture.watch();
    await until(() => channel.status().last[0]?.state === 'done');
    expect(fixture.text).toBe('reset\n');
  });

  const asTwoUnprotected = kernelProtects ? it.skip : asTwo;
  asTwoUnprotected('is heard behind a link of a user who is named as an owner', async () => {
    writeFileSync(join(fixture.folder, 'real'), 'reset\n');
    asOther('ln -s real app.command', fixture.folder);
    fixture.watch({ owners: [OTHER] });
    await fixture.untilRan(1);
  });

  it('is heard through the links that Kubernetes makes, through a link to their directory, and after a swap', async () => {
    const volume = join(fixture.folder, 'volume');
    mkdirSync(join(volume, '..2026_1'), { recursive: true });
    writeFileSync(join(volume, '..2026_1', 'command'), 'reset id=one\n');
    symlinkSync('..2026_1', join(volume, '..data'));
    symlinkSync('..data/command', join(volume, 'command'));
    symlinkSync(volume, join(fixture.folder, 'mounted'));
    fixture.watch({ file: join(fixture.folder, 'mounted', 'command') });
    await fixture.untilRan(1);
    mkdirSync(join(volume, '..2026_2'));
    writeFileSync(join(volume, '..2026_2', 'command'), 'pause id=two\n');
    symlinkSync('..2026_2', join(volume, '..data_tmp'));
    await fixture.type('mv -T volume/..data_tmp volume/..data');
    await fixture.untilRan(2);
    expect(fixture.ran).toEqual(['reset', 'pause']);
  });

  asTwo('is obeyed at no moment while another user swaps a link, a copy and nothing thousands of times', async () => {
    writeFileSync(join(fixture.folder, 'upload_abc'), 'reset\n');
    const endAttack = startAsOther(
      'printf "reset\\n" > own; n=0; while :; do ln -s upload_abc l; mv -f l app.command; cp own c; mv -f c app.command; ' +
        'ln -sf upload_abc app.command; rm -f app.command; n=$((n+1)); echo $n > rounds; done',
      fixture.folder,
    );
    try {
      const rounds = (): number => Number(readFileSync(join(fixture.folder, 'rounds'), 'utf8'));
      await until(() => lstatSync(join(fixture.folder, 'rounds'), { throwIfNoEntry: false }) !== undefined);
      const channel = fixture.watch();
      const looks = fixture.looks.length;
      await until(() => rounds() > 200 && fixture.looks.length > looks + 60, Boolean, { timeoutMs: 15_000 });
      expect(fixture.ran).toEqual([]);
      expect(channel.status().last).toEqual([]);
    } finally {
      await endAttack();
    }
  });
});

describe('skyanchor reset as root', () => {
  let stderr = '';

  beforeEach(() => {
    stderr = '';
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
    mkdirSync(join(fixture.folder, 'roots', 'sub'), { recursive: true });
    writeFileSync(join(fixture.folder, 'roots', 'sub', 'app.command'), '# of another service\n');
    asOther('mkdir -p home/dir/sub && printf "" > home/dir/sub/app.command', fixture.folder);
  });

  afterEach(() => jest.restoreAllMocks());

  const victim = (): string => readFileSync(join(fixture.folder, 'roots', 'sub', 'app.command'), 'utf8');
  const target = (): string => join(fixture.folder, 'home', 'dir', 'sub', 'app.command');

  asTwo('writes to the file of another user in a directory of that user', async () => {
    expect(await reset(['--file', target()])).toBe(0);
    expect(readFileSync(target(), 'utf8')).toBe('reset\n');
  });

  asTwo('creates and writes again a file in a directory of another user, and comes back to where it was', async () => {
    const here = process.cwd();
    rmSync(target());
    expect(await reset(['--file', target()])).toBe(0);
    expect(await reset(['--file', target(), '--id', 'again'])).toBe(0);
    expect(readFileSync(target(), 'utf8')).toBe('reset\nreset id=again\n');
    expect(process.cwd()).toBe(here);
  });

  asTwo('writes nothing to a file of root’s that a link of another user leads to', async () => {
    asOther('rm -r home/dir && ln -s ../roots home/dir', fixture.folder);
    expect(await reset(['--file', target()])).toBe(1);
    expect(stderr).toMatch(/the link .*home\/dir on the way to it belongs to user 4711/);
    expect(victim()).toBe('# of another service\n');
  });

  asTwo('writes nothing to a file of root’s while another user swaps a directory for a link', async () => {
    asOther('ln -s ../roots home/link && mv home/dir home/real', fixture.folder);
    const endAttack = startAsOther(
      'cd home; while :; do mv -T link dir; mv -T dir link; mv -T real dir; mv -T dir real; done',
      fixture.folder,
    );
    try {
      for (let tries = 0; tries < 150; tries++) {
        await reset(['--file', target()]);
        expect(victim()).toBe('# of another service\n');
        await sleep(0);
      }
    } finally {
      await endAttack();
    }
  });
});
