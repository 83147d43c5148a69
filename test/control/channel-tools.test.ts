import { readdirSync, writeFileSync } from 'node:fs';
import { CommandFileFixture } from './command-file-fixture';
import { itWith } from './it-where';

let fixture: CommandFileFixture;

beforeEach(() => {
  fixture = new CommandFileFixture();
});

afterEach(() => fixture.clear());

const RAN = ['running', 'done'];

const withVim = itWith('vim', 'nothing is tested with vim: it is not installed (apt-get install -y vim)');
const withEmacs = itWith('emacs', 'nothing is tested with emacs: it is not installed (apt-get install -y emacs-nox)');
const withRsync = itWith('rsync', 'nothing is tested with rsync: it is not installed (apt-get install -y rsync)');

/** In one directory with the command file: what editors keep beside it. Emacs makes a lock link for itself. */
const SIBLINGS =
  'echo report > .$(basename $F).swp; echo report > .$(basename $F).swo; echo report > 4913; ' +
  'ln -s editor@host.1:1 .#other; echo report > "#$(basename $F)#"; echo report > $F~';

/** Saves twice with other commands, and once more without any. Siblings of the file are no commands. */
async function savedByEditor(save: (verb: string) => string, saveAsItIs: string): Promise<void> {
  writeFileSync(fixture.file, '# orders\n');
  await fixture.watchReady();
  await fixture.type(SIBLINGS);
  const siblings = readdirSync(fixture.folder).length;
  await fixture.type(save('reset'));
  await fixture.untilStates(RAN);
  await fixture.type(save('pause'));
  await fixture.untilStates([...RAN, ...RAN]);
  const text = fixture.text;
  await fixture.type(saveAsItIs);
  await fixture.looked();
  expect(fixture.ran).toEqual(['reset', 'pause']);
  expect(fixture.text).toBe(text);
  expect(text.replaceAll(/^#! .* !#$/gm, '!')).toBe('# orders\nreset\n!\n!\npause\n!\n!\n');
  expect(readdirSync(fixture.folder).length).toBeGreaterThanOrEqual(siblings);
}

describe('an operator who saves', () => {
  const vim = (settings: string, act: string): string => `vim -es -n -u NONE -c 'set ${settings}' -c '${act}' -c wq $F`;

  withVim.each([
    ['into the file', 'nobackup nowritebackup'],
    ['into the file, with a copy of it beside', 'backup backupcopy=yes writebackup'],
    ['into a new file that takes its place', 'backup backupcopy=no writebackup'],
  ])('with vim %s gets one run each time', async (_, settings) => {
    await savedByEditor((verb) => vim(settings, `normal Go${verb}`), vim(settings, 'normal G'));
  });

  withVim('with vim and its swap file gets one run', async () => {
    writeFileSync(fixture.file, '# orders\n');
    await fixture.watchReady();
    await fixture.type(
      `vim -es -u NONE -c 'set directory=. updatecount=1' -c 'normal Goreset' -c w -c preserve -c q $F`,
    );
    await fixture.untilStates(RAN);
    await fixture.looked();
    expect(fixture.ran).toEqual(['reset']);
  });

  const emacs = (settings: string, act: string): string =>
    `emacs --batch -Q --eval '(progn (setq make-backup-files t ${settings}) (find-file (getenv "F")) ${act} (save-buffer))'`;

  withEmacs.each([
    ['into the file', 'backup-by-copying t'],
    ['into a new file, the old one kept as a backup', 'backup-by-copying nil'],
    ['into a new file that takes its place', 'file-precious-flag t'],
  ])('with emacs %s gets one run each time', async (_, settings) => {
    await savedByEditor(
      (verb) => emacs(settings, `(goto-char (point-max)) (insert "${verb}\\n")`),
      emacs(settings, '(set-buffer-modified-p t)'),
    );
  });
});

describe('an operator who copies with rsync', () => {
  async function copied(options: string): Promise<void> {
    await fixture.watchReady();
    for (const [at, verb] of ['reset', 'report', 'reset'].entries()) {
      await fixture.type(`echo ${verb} > source; rsync ${options} source $F`);
      await fixture.untilRan(at + 1);
      await fixture.untilStates(RAN);
    }
    // What agents have answered in the copy makes it differ: it is copied again, and is a command again.
    await fixture.type(`rsync ${options} source $F`);
    await fixture.untilRan(4);
    await fixture.untilStates(RAN);
    await fixture.looked();
    expect(fixture.ran).toEqual(['reset', 'report', 'reset', 'reset']);
  }

  withRsync('into the file itself gets a run each time', () => copied('--inplace --checksum'));

  withRsync('to a new file that takes its place gets a run each time', () => copied('--checksum'));

  withRsync.each(['--inplace -t', '-t'])(
    'with the times of the source, which are old (%s), gets a run',
    async (how) => {
      writeFileSync(fixture.file, '# old\n');
      await fixture.watchReady();
      await fixture.type(`echo reset > source; touch -d "2 days ago" source; rsync ${how} source $F`);
      await fixture.untilStates(RAN);
      await fixture.looked();
      expect(fixture.ran).toEqual(['reset']);
    },
  );
});
