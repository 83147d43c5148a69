import { appendFileSync, existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { CommandFile } from '../../src/control/file/command-file';
import { until } from '../support/until';
import { Desk } from './command-file-fixture';

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});

afterEach(() => desk.clear());

const RAN = ['running', 'done'];

describe('an operator who writes', () => {
  it('`echo reset >` gets running and done, and again when it is written again', async () => {
    await desk.watchReady();
    await desk.type('echo reset > $F');
    await desk.untilStates(RAN);
    const [first] = desk.stamps;
    expect(desk.text).toMatch(
      /^reset\n#! \S+Z orders-1 running ([0-9a-f]{6}) cmd=bfd4b5ca4c63 !#\n#! \S+Z orders-1 done \1 took=\d+ms !#\n$/,
    );
    await desk.type('echo reset > $F');
    await until(
      () => desk.stamps,
      (stamps) => stamps.length === 2 && stamps[0]!.id !== first!.id,
    );
    await desk.untilRan(2);
    expect(desk.ran).toEqual(['reset', 'reset']);
  });

  it('nothing new, by touch, chmod, or saving the same again, makes nothing run', async () => {
    await desk.watchReady();
    await desk.type('echo reset > $F');
    await desk.untilStates(RAN);
    const before = desk.text;
    await desk.type('touch $F');
    await desk.type('chmod 600 $F');
    await desk.type('cp $F copy; cat copy > $F');
    await desk.type('cp $F copy; mv copy $F');
    await desk.type("sed -i 's/nothing like it/x/' $F");
    await desk.looked();
    expect(desk.text).toBe(before);
    expect(desk.ran).toEqual(['reset']);
  });

  it.each([
    ['moves a file over it', 'echo reset > new; mv new $F'],
    ['edits with sed -i', "printf '# nothing yet\\n' > $F; sed -i 's/.*/reset/' $F"],
    ['removes and re-creates it', 'rm -f $F; echo reset > $F'],
    ['uses dd', 'echo reset | dd of=$F status=none'],
    ['uses tee', 'echo reset | tee $F > /dev/null'],
    ['uses printf without a newline', 'printf reset > $F'],
    ['writes in three goes', 'printf re > $F; sleep 0.02; printf se >> $F; sleep 0.02; echo t >> $F'],
  ])('and %s gets one run', async (_, command) => {
    writeFileSync(desk.file, '');
    await desk.watchReady();
    await desk.type(command);
    await desk.untilStates(RAN);
    await desk.type(command.replaceAll('reset', 'report'));
    await desk.untilRan(2);
    await desk.looked();
    expect(desk.ran).toEqual(['reset', command.includes('printf re >') ? 'reset' : 'report']);
  });

  it('a command in two halves 80 ms apart gets one run and no rejection', async () => {
    // Half of it is a command, too.
    desk.addVerb({ name: 're' });
    await desk.watchReady();
    // Not by a shell: on a busy machine it may take longer between the halves than half a line is given.
    writeFileSync(desk.file, 're');
    setTimeout(() => appendFileSync(desk.file, 'set\n'), 80);
    await desk.untilStates(RAN);
    expect(desk.ran).toEqual(['reset']);
  });

  it('no newline at the end gets the stamps on lines of their own, after a moment', async () => {
    await desk.watchReady();
    const start = performance.now();
    await desk.type('printf reset > $F');
    await desk.untilStates(RAN);
    expect(performance.now() - start).toBeGreaterThan(150);
    expect(desk.text).toMatch(/^reset\n#! .* !#\n#! .* !#\n$/);
  });

  it('JSON over several lines, with a mark of its encoding, gets a run', async () => {
    await desk.watchReady();
    await desk.type(`printf '\\357\\273\\277{\\n "command": "log",\\n "args": ["x y"]\\n}' > $F`);
    desk.addVerb({ name: 'log' });
    await desk.untilRan(1);
    await desk.untilStates(RAN);
    expect(desk.calls[0]?.args).toEqual(['x y']);
  });

  it.each(['utf16le', 'utf16be'] as const)('%s with CRLF, as PowerShell does, is answered in it', async (encoding) => {
    await desk.watchReady();
    const bytes = Buffer.from('\ufeffreset\r\n', 'utf16le');
    writeFileSync(desk.file, encoding === 'utf16le' ? bytes : bytes.swap16());
    await until(() => desk.channels[0]!.status().last.some(({ state }) => state === 'done'));
    const text = () => {
      const written = readFileSync(desk.file);
      return (encoding === 'utf16le' ? written : written.swap16()).toString('utf16le');
    };
    await until(text, (read) => / running .* !#\n.* done .* !#\n$/s.test(read));
    expect(text()).toMatch(/^\ufeffreset\r\n#! .* running .* !#\n#! .* done .* !#\n$/);
  });

  it('removing and re-creating at once, twice, loses neither', async () => {
    writeFileSync(desk.file, '# old\n');
    await desk.watchReady();
    await desk.type('rm $F; echo reset > $F');
    await desk.untilRan(1);
    await desk.type('rm $F; echo report > $F');
    await desk.untilRan(2);
    await desk.untilStates(RAN);
    expect(desk.ran).toEqual(['reset', 'report']);
  });

  it('500 times in a row gets the last one run, with a handful of reads', async () => {
    for (let at = 0; at < 500; at++) desk.addVerb({ name: `v${at}` });
    await desk.watchReady();
    const read = jest.spyOn(CommandFile.prototype, 'read');
    await desk.type('i=0; while [ $i -lt 500 ]; do echo v$i > $F; i=$((i+1)); done');
    await until(() => desk.ran.at(-1) === 'v499');
    const reads = read.mock.calls.length;
    read.mockRestore();
    // One look in 25 ms, and the operator's shell takes its time on a busy machine.
    expect(reads).toBeLessThan(60);
    await desk.untilStates(RAN);
  });

  it('faster than he is answered by `>>` loses nothing and keeps the order', async () => {
    for (let at = 0; at < 12; at++) desk.addVerb({ name: `v${at}` });
    await desk.watchReady();
    await desk.type('for i in 0 1 2 3 4 5 6; do echo v$i >> $F; done');
    await desk.untilRan(7);
    expect(desk.ran).toEqual([0, 1, 2, 3, 4, 5, 6].map((at) => `v${at}`));
    expect(desk.text.match(/^v\d$/gm)).toHaveLength(7);
  });

  it('while answers are written does not find his words cut', async () => {
    await desk.watchReady();
    await desk.type('echo report > $F');
    await desk.untilRan(1);
    appendFileSync(desk.file, 'res');
    setTimeout(() => appendFileSync(desk.file, 'et\n'), 60);
    await desk.untilRan(2);
    expect(desk.ran).toEqual(['report', 'reset']);
    expect(desk.text).toMatch(/^reset$/m);
  });

  it('half a line between the look and the answer does not find it cut', async () => {
    const { append } = CommandFile.prototype;
    const spy = jest.spyOn(CommandFile.prototype, 'append').mockImplementationOnce(function (
      this: CommandFile,
      ...args
    ) {
      appendFileSync(desk.file, 'res');
      setTimeout(() => appendFileSync(desk.file, 'et\n'), 80);
      return append.apply(this, args);
    });
    await desk.watchReady();
    await desk.type('echo report > $F');
    await desk.untilStates([...RAN, ...RAN]);
    spy.mockRestore();
    expect(desk.ran).toEqual(['report', 'reset']);
    expect(desk.text).toMatch(/^report\nreset\n/);
  });

  it('half a line at the very moment of the answer is heard as he wrote it', async () => {
    const handle = await open(__filename);
    const writing = Object.getPrototypeOf(handle) as { write: (bytes: string) => unknown };
    await handle.close();
    const { write } = writing;
    const spy = jest.spyOn(writing, 'write').mockImplementationOnce(function (this: typeof handle, bytes: string) {
      appendFileSync(desk.file, 'res');
      setTimeout(() => appendFileSync(desk.file, 'et\n'), 80);
      return write.call(this, bytes);
    });
    await desk.watchReady();
    await desk.type('echo report > $F');
    await desk.untilStates([...RAN, ...RAN]);
    spy.mockRestore();
    expect(desk.ran).toEqual(['report', 'reset']);
    expect(desk.text).toMatch(/^report\nres#! .* running .* !#\net\n#! .* done .* !#\n#! .* running/);
  });

  it.each([
    ['removing and re-creating', () => unlinkSync(desk.file)],
    ['overwriting', () => undefined],
  ])('%s between the look and the end of a command does not find that end below another', async (_, prepare) => {
    const { append } = CommandFile.prototype;
    let isLate = false;
    const spy = jest.spyOn(CommandFile.prototype, 'append').mockImplementation(function (this: CommandFile, ...args) {
      if (args[0].includes(' done ') && !isLate) {
        isLate = true;
        prepare();
        writeFileSync(desk.file, 'report\n');
      }
      return append.apply(this, args);
    });
    await desk.watchReady();
    await desk.type('echo reset > $F');
    await desk.untilRan(2);
    await desk.untilStates(RAN);
    spy.mockRestore();
    expect(desk.ran).toEqual(['reset', 'report']);
    expect(desk.text).toMatch(/^report\n#! .* running .* !#\n#! .* done .* !#\n$/);
  });

  it('over the file while a command runs gets no end that has no beginning', async () => {
    let end: () => void = () => undefined;
    desk.addVerb({ name: 'slow', run: () => new Promise<void>((resolve) => (end = resolve)) });
    const channel = await desk.watchReady();
    await desk.type('echo slow > $F');
    await desk.untilRan(1);
    await desk.type('echo "# emptied" > $F');
    await desk.looked();
    end();
    await until(() => channel.status().last[0]?.state === 'done');
    await desk.type('touch $F');
    await desk.looked();
    expect(desk.text).toBe('# emptied\n');
  });

  it('after the file was away for a while is heard again', async () => {
    await desk.watchReady();
    await desk.type('echo reset > $F');
    await desk.untilStates(RAN);
    unlinkSync(desk.file);
    await until(() => desk.looks.at(-1)?.state === 'missing');
    expect(existsSync(desk.file)).toBe(false);
    writeFileSync(`${desk.file}.new`, 'reset\n');
    renameSync(`${desk.file}.new`, desk.file);
    await desk.untilStates(RAN);
    expect(desk.ran).toEqual(['reset', 'reset']);
  });
});
