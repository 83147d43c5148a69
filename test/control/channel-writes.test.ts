import { appendFileSync, existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandFile } from '../../src/control/file/command-file';
import { until } from '../support/until';
import { CommandFileFixture } from './command-file-fixture';

let fixture: CommandFileFixture;

beforeEach(() => {
  fixture = new CommandFileFixture();
});

afterEach(() => fixture.clear());

const RAN = ['running', 'done'];

describe('an operator who writes', () => {
  it('`echo reset >` gets running and done, and again when it is written again', async () => {
    await fixture.watchReady();
    await fixture.type('echo reset > $F');
    await fixture.untilStates(RAN);
    const [first] = fixture.stamps;
    expect(fixture.text).toMatch(
      /^reset\n#! \S+Z orders-1 running ([0-9a-f]{6}) cmd=bfd4b5ca4c63 !#\n#! \S+Z orders-1 done \1 took=\d+ms !#\n$/,
    );
    await fixture.type('echo reset > $F');
    await until(
      () => fixture.stamps,
      (stamps) => stamps.length === 2 && stamps[0]!.id !== first!.id,
    );
    await fixture.untilRan(2);
    expect(fixture.ran).toEqual(['reset', 'reset']);
  });

  it('nothing new, by touch, chmod, or saving the same again, makes nothing run', async () => {
    await fixture.watchReady();
    await fixture.type('echo reset > $F');
    await fixture.untilStates(RAN);
    const before = fixture.text;
    await fixture.type('touch $F');
    await fixture.type('chmod 600 $F');
    await fixture.type('cp $F copy; cat copy > $F');
    await fixture.type('cp $F copy; mv copy $F');
    await fixture.type("sed -i 's/nothing like it/x/' $F");
    await fixture.looked();
    expect(fixture.text).toBe(before);
    expect(fixture.ran).toEqual(['reset']);
  });

  it.each([
    ['moves a file over it', 'echo reset > new; mv new $F'],
    ['edits with sed -i', "printf '# nothing yet\\n' > $F; sed -i 's/.*/reset/' $F"],
    ['removes and re-creates it', 'rm -f $F; echo reset > $F'],
    ['uses dd', 'echo reset | dd of=$F status=none'],
    ['uses tee', 'echo reset | tee $F > /dev/null'],
    ['uses printf without a newline', 'printf reset > $F'],
  ])('and %s gets one run', async (_, command) => {
    writeFileSync(fixture.file, '');
    await fixture.watchReady();
    await fixture.type(command);
    await fixture.untilStates(RAN);
    await fixture.type(command.replaceAll('reset', 'report'));
    await fixture.untilRan(2);
    await fixture.looked();
    expect(fixture.ran).toEqual(['reset', 'report']);
  });

  it('and writes in three goes gets one run', async () => {
    // A beginning of it is a command, too.
    fixture.addVerb({ name: 're' });
    writeFileSync(fixture.file, '');
    await fixture.watchReady();
    // Not by a shell: on a busy machine it may take longer between two of them than half a line is given.
    const writeInThreeGoes = async (): Promise<void> => {
      writeFileSync(fixture.file, 're');
      await sleep(50);
      appendFileSync(fixture.file, 'se');
      await sleep(50);
      appendFileSync(fixture.file, 't\n');
    };
    await writeInThreeGoes();
    await fixture.untilStates(RAN);
    await writeInThreeGoes();
    await fixture.untilRan(2);
    await fixture.looked();
    expect(fixture.ran).toEqual(['reset', 'reset']);
  });

  it('a command in two halves 80 ms apart gets one run and no rejection', async () => {
    // Half of it is a command, too.
    fixture.addVerb({ name: 're' });
    await fixture.watchReady();
    // Not by a shell: on a busy machine it may take longer between the halves than half a line is given.
    writeFileSync(fixture.file, 're');
    setTimeout(() => appendFileSync(fixture.file, 'set\n'), 80);
    await fixture.untilStates(RAN);
    expect(fixture.ran).toEqual(['reset']);
  });

  it('no newline at the end gets the stamps on lines of their own, after a moment', async () => {
    await fixture.watchReady();
    const start = performance.now();
    await fixture.type('printf reset > $F');
    await fixture.untilStates(RAN);
    expect(performance.now() - start).toBeGreaterThan(150);
    expect(fixture.text).toMatch(/^reset\n#! .* !#\n#! .* !#\n$/);
  });

  it('JSON over several lines, with a mark of its encoding, gets a run', async () => {
    await fixture.watchReady();
    await fixture.type(`printf '\\357\\273\\277{\\n "command": "log",\\n "args": ["x y"]\\n}' > $F`);
    fixture.addVerb({ name: 'log' });
    await fixture.untilRan(1);
    await fixture.untilStates(RAN);
    expect(fixture.calls[0]?.args).toEqual(['x y']);
  });

  it.each(['utf16le', 'utf16be'] as const)('%s with CRLF, as PowerShell does, is answered in it', async (encoding) => {
    await fixture.watchReady();
    const bytes = Buffer.from('\ufeffreset\r\n', 'utf16le');
    writeFileSync(fixture.file, encoding === 'utf16le' ? bytes : bytes.swap16());
    await until(() => fixture.channels[0]!.status().last.some(({ state }) => state === 'done'));
    const text = () => {
      const written = readFileSync(fixture.file);
      return (encoding === 'utf16le' ? written : written.swap16()).toString('utf16le');
    };
    await until(text, (read) => / running .* !#\n.* done .* !#\n$/s.test(read));
    expect(text()).toMatch(/^\ufeffreset\r\n#! .* running .* !#\n#! .* done .* !#\n$/);
  });

  it('removing and re-creating at once, twice, loses neither', async () => {
    writeFileSync(fixture.file, '# old\n');
    await fixture.watchReady();
    await fixture.type('rm $F; echo reset > $F');
    await fixture.untilRan(1);
    await fixture.type('rm $F; echo report > $F');
    await fixture.untilRan(2);
    await fixture.untilStates(RAN);
    expect(fixture.ran).toEqual(['reset', 'report']);
  });

  it('500 times in a row gets the last one run, with a handful of reads', async () => {
    for (let at = 0; at < 500; at++) fixture.addVerb({ name: `v${at}` });
    await fixture.watchReady();
    const read = jest.spyOn(CommandFile.prototype, 'read');
    const start = performance.now();
    await fixture.type('i=0; while [ $i -lt 500 ]; do echo v$i > $F; i=$((i+1)); done');
    await until(() => fixture.ran.at(-1) === 'v499');
    const reads = read.mock.calls.length;
    const took = performance.now() - start;
    read.mockRestore();
    // One look in 25 ms, however long the operator's shell takes, and a few around the run.
    expect(reads).toBeLessThan(took / 25 + 10);
    await fixture.untilStates(RAN);
  });

  it('by `>>` faster than the answers come loses nothing and keeps the order', async () => {
    for (let at = 0; at < 12; at++) fixture.addVerb({ name: `v${at}` });
    await fixture.watchReady();
    await fixture.type('for i in 0 1 2 3 4 5 6; do echo v$i >> $F; done');
    await fixture.untilRan(7);
    expect(fixture.ran).toEqual([0, 1, 2, 3, 4, 5, 6].map((at) => `v${at}`));
    expect(fixture.text.match(/^v\d$/gm)).toHaveLength(7);
  });

  it('half a line while a command runs does not find it cut by the answer', async () => {
    let end: () => void = () => undefined;
    fixture.addVerb({ name: 'slow', run: () => new Promise<void>((resolve) => (end = resolve)) });
    await fixture.watchReady();
    await fixture.type('echo slow > $F');
    await fixture.untilRan(1);
    await fixture.untilStates(['running']);
    appendFileSync(fixture.file, 'res');
    end();
    setTimeout(() => appendFileSync(fixture.file, 'et\n'), 60);
    await fixture.untilStates([...RAN, ...RAN]);
    expect(fixture.ran).toEqual(['slow', 'reset']);
    expect(fixture.text).toMatch(/^slow\n#! .* running .* !#\nreset\n#! .* done .* !#\n#! .* running/);
  });

  it('half a line between the look and the answer does not find it cut', async () => {
    const { append } = CommandFile.prototype;
    const spy = jest.spyOn(CommandFile.prototype, 'append').mockImplementationOnce(function (
      this: CommandFile,
      ...args
    ) {
      appendFileSync(fixture.file, 'res');
      setTimeout(() => appendFileSync(fixture.file, 'et\n'), 80);
      return append.apply(this, args);
    });
    await fixture.watchReady();
    await fixture.type('echo report > $F');
    await fixture.untilStates([...RAN, ...RAN]);
    spy.mockRestore();
    expect(fixture.ran).toEqual(['report', 'reset']);
    expect(fixture.text).toMatch(/^report\nreset\n/);
  });

  it('half a line at the very moment of the answer gets the whole line run', async () => {
    const handle = await open(__filename);
    const writing = Object.getPrototypeOf(handle) as { write: (bytes: string) => unknown };
    await handle.close();
    const { write } = writing;
    const spy = jest.spyOn(writing, 'write').mockImplementationOnce(function (this: typeof handle, bytes: string) {
      appendFileSync(fixture.file, 'res');
      setTimeout(() => appendFileSync(fixture.file, 'et\n'), 80);
      return write.call(this, bytes);
    });
    await fixture.watchReady();
    await fixture.type('echo report > $F');
    await fixture.untilStates([...RAN, ...RAN]);
    spy.mockRestore();
    expect(fixture.ran).toEqual(['report', 'reset']);
    expect(fixture.text).toMatch(/^report\nres#! .* running .* !#\net\n#! .* done .* !#\n#! .* running/);
  });

  it.each([
    ['removing and re-creating', () => unlinkSync(fixture.file)],
    ['overwriting', () => undefined],
  ])('%s between the look and the end of a command does not find that end below another', async (_, prepare) => {
    const { append } = CommandFile.prototype;
    let isLate = false;
    const spy = jest.spyOn(CommandFile.prototype, 'append').mockImplementation(function (this: CommandFile, ...args) {
      if (args[0].includes(' done ') && !isLate) {
        isLate = true;
        prepare();
        writeFileSync(fixture.file, 'report\n');
      }
      return append.apply(this, args);
    });
    await fixture.watchReady();
    await fixture.type('echo reset > $F');
    await fixture.untilRan(2);
    await fixture.untilStates(RAN);
    spy.mockRestore();
    expect(fixture.ran).toEqual(['reset', 'report']);
    expect(fixture.text).toMatch(/^report\n#! .* running .* !#\n#! .* done .* !#\n$/);
  });

  it('over the file while a command runs gets no end that has no beginning', async () => {
    let end: () => void = () => undefined;
    fixture.addVerb({ name: 'slow', run: () => new Promise<void>((resolve) => (end = resolve)) });
    const channel = await fixture.watchReady();
    await fixture.type('echo slow > $F');
    await fixture.untilRan(1);
    await fixture.type('echo "# emptied" > $F');
    await fixture.looked();
    end();
    await until(() => channel.status().last[0]?.state === 'done');
    await fixture.type('touch $F');
    await fixture.looked();
    expect(fixture.text).toBe('# emptied\n');
  });

  it('after the file was missing for a while gets a run again', async () => {
    await fixture.watchReady();
    await fixture.type('echo reset > $F');
    await fixture.untilStates(RAN);
    unlinkSync(fixture.file);
    await until(() => fixture.looks.at(-1)?.state === 'missing');
    expect(existsSync(fixture.file)).toBe(false);
    writeFileSync(`${fixture.file}.new`, 'reset\n');
    renameSync(`${fixture.file}.new`, fixture.file);
    await fixture.untilStates(RAN);
    expect(fixture.ran).toEqual(['reset', 'reset']);
  });
});
