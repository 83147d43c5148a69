import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import path from 'node:path';
import { reset } from '../../src/cli/reset';
import { parse } from '../../src/control/syntax/parse';
import { until } from '../support/until';
import { CliFixture } from './cli-fixture';

let fixture: CliFixture;
beforeEach(() => (fixture = new CliFixture()));
afterEach(() => fixture.clear());

const call = (...args: string[]): Promise<number> => reset(['--file', fixture.commandFile, ...args]);

const DIGEST = digestOf('reset');

function digestOf(line: string): string {
  const [item] = parse(`${line}\n`).items;
  if (item?.type !== 'command') throw new Error(`${line} is no command`);
  return item.digest;
}

const stamp = (instance: string, state: string, id: string, rest = ''): string =>
  `#! 2026-11-21T21:18:39.120Z ${instance} ${state} ${id}${rest && ` ${rest}`} !#\n`;

const running = (instance: string, id = '3f9a07', digest = DIGEST): string =>
  stamp(instance, 'running', id, `cmd=${digest}`);
const done = (instance: string, id = '3f9a07'): string => stamp(instance, 'done', id, 'service=3->5');

/** The id that the command line has made up, once its command is in the file. */
async function idInFile(): Promise<string> {
  return (await until(() => /^reset id=(\S+)/m.exec(fixture.commands)?.[1]))!;
}

function writableByGroup(): void {
  fixture.put('');
  chmodSync(fixture.commandFile, 0o664);
}

describe('skyanchor reset', () => {
  it('creates the file with the command, so that only its owner may write it, whatever the umask', async () => {
    const before = process.umask(0o002);
    try {
      expect(await call()).toBe(0);
    } finally {
      process.umask(before);
    }
    expect(fixture.commands).toBe('reset\n');
    expect(statSync(fixture.commandFile).mode & 0o777).toBe(0o644);
    expect(fixture.stdout).toBe(`reset > ${fixture.commandFile}\n`);
  });

  it('creates a file that no other user could open to write at any time', async () => {
    const modes: number[] = [];
    const { open } = fsPromises;
    const opening = jest.spyOn(fsPromises, 'open').mockImplementation(async (...how) => {
      const handle = await open(...how);
      if (path.basename(String(how[0])) === path.basename(fixture.commandFile))
        modes.push((await handle.stat()).mode & 0o777);
      return handle;
    });
    const before = process.umask(0);
    try {
      expect(await call()).toBe(0);
    } finally {
      process.umask(before);
      opening.mockRestore();
    }
    expect(modes).toEqual([0o644]);
  });

  it('writes target and id into the command', async () => {
    expect(await call('--target', 'orders-*', '--id', 'chg-4711', '--json')).toBe(0);
    expect(fixture.commands).toBe('reset id=chg-4711 @orders-*\n');
    expect(JSON.parse(fixture.stdout)).toEqual({ file: fixture.commandFile, command: 'reset id=chg-4711 @orders-*' });
  });

  it('starts the file anew when everything in it is answered, in the same file', async () => {
    fixture.agent('orders');
    fixture.put(`# ours\nreset\n${running('orders')}${done('orders')}`);
    const { ino } = statSync(fixture.commandFile);
    expect(await call()).toBe(0);
    expect(fixture.commands).toBe('reset\n');
    expect(statSync(fixture.commandFile).ino).toBe(ino);
  });

  it.each<[what: string, text: string]>([
    ['has no answer', 'reset id=a\n'],
    ['one is still busy with', `reset\n${running('orders')}${running('orders-2', 'b')}${done('orders-2', 'b')}`],
    ['another has not yet answered', `reset\n${running('orders')}${done('orders')}`],
    ['is for an instance that is not there', 'reset @payments\n'],
    ['is no command and not yet rejected', '!?\n'],
  ])('appends where a command in the file %s', async (_what, text) => {
    fixture.agent('orders');
    fixture.agent('orders-2');
    fixture.put(text);
    expect(await call()).toBe(0);
    expect(fixture.commands).toBe(`${text}reset\n`);
  });

  it('does not wait for an instance to answer what was history when it started', async () => {
    fixture.agent('orders', { startedAt: '2026-11-22T00:00:00.000Z' });
    fixture.put(`reset\n${running('dead')}${done('dead')}`);
    expect(await call()).toBe(0);
    expect(fixture.commands).toBe('reset\n');
  });

  it('gives the last line its newline, and keeps the encoding', async () => {
    fixture.put('report');
    expect(await call()).toBe(0);
    expect(fixture.commands).toBe('report\nreset\n');
    fixture.put(Buffer.from('\ufeffreport\r\n', 'utf16le'));
    expect(await call()).toBe(0);
    expect(readFileSync(fixture.commandFile, 'utf16le')).toBe('\ufeffreport\r\nreset\n');
  });

  it.each<[what: string, prepare: () => void, reason: string]>([
    ['a group may write', writableByGroup, 'mend it with: chmod go-w'],
    ['is no text', () => fixture.put(Buffer.from([0xff, 0x00, 0x41])), 'is not valid UTF-8'],
    ['is a folder', () => mkdirSync(fixture.commandFile), 'directory'],
    [
      'leads elsewhere',
      () => symlinkSync('/etc/passwd', fixture.commandFile),
      'is a link that leads out of its directory',
    ],
  ])('does not write to a file that agents would refuse: it %s', async (_what, prepare, reason) => {
    prepare();
    expect(await call()).toBe(1);
    expect(fixture.stderr).toContain(reason);
    expect(fixture.stdout).toBe('');
  });

  it('does not write through a link, which agents take for a ConfigMap and never answer in', async () => {
    writeFileSync(path.join(fixture.folder, 'data'), 'reset id=1\n');
    symlinkSync('data', fixture.commandFile);
    expect(await call()).toBe(1);
    expect(fixture.stderr).toContain('cannot be written: it is a link');
    expect(fixture.commands).toBe('reset id=1\n');
  });

  it('reports that no instance can answer now, and leaves the command for a later one', async () => {
    expect(await call()).toBe(0);
    expect(fixture.stderr).toMatch(/^skyanchor reset: no instance can answer now: no live instance in /);
    expect(fixture.commands).toBe('reset\n');
    fixture.agent('orders');
    fixture.stderr = '';
    expect(await call()).toBe(0);
    expect(fixture.stderr).toBe('');
  });

  it('reports a file that it cannot write', async () => {
    const file = path.join(fixture.folder, 'gone', 'f');
    expect(await reset(['--file', file])).toBe(1);
    expect(fixture.stderr).toMatch(/^skyanchor reset: .*gone\/f cannot be written: .*ENOENT/);
  });
});

describe('skyanchor reset --wait', () => {
  it('prints each instance as it answers and exits with 0 when all have done it', async () => {
    fixture.agent('orders');
    fixture.agent('orders-2');
    const code = call('--wait', '10');
    const id = await idInFile();
    fixture.put(`${fixture.commands}${running('orders', id)}${done('orders', id)}`);
    await until(() => fixture.output.length === 1);
    fixture.put(`${fixture.commands}${running('orders-2', id)}${done('orders-2', id)}`);
    expect(await code).toBe(0);
    expect(fixture.output).toEqual([`orders done ${id} service=3->5`, `orders-2 done ${id} service=3->5`]);
    expect(fixture.stderr).toBe('');
  });

  it('finds an answer that stands in the status file alone', async () => {
    fixture.agent('orders');
    const code = call('--wait', '10', '--json');
    const id = await idInFile();
    const answer = { id, at: '2026-11-21T21:18:39.842Z', detail: 'instance=7->11' };
    fixture.agent('orders', { last: [{ ...answer, verb: 'reset', state: 'done' }] });
    expect(await code).toBe(0);
    expect(JSON.parse(fixture.stdout)).toEqual({ instance: 'orders', state: 'done', ...answer });
  });

  it.each(['failed', 'rejected', 'expired', 'duplicate'])('exits with 1 when one has %s', async (state) => {
    fixture.agent('orders');
    const code = call('--wait', '10');
    fixture.put(`${fixture.commands}${stamp('orders', state, await idInFile())}`);
    expect(await code).toBe(1);
    expect(fixture.output[0]).toMatch(new RegExp(`^orders ${state} `));
  });

  it('exits with 3 and names the instance when one does not answer in time', async () => {
    fixture.agent('orders');
    fixture.agent('orders-2');
    const code = call('--wait', '0.6');
    const id = await idInFile();
    fixture.put(`${fixture.commands}${running('orders', id)}${done('orders', id)}${running('orders-2', id)}`);
    expect(await code).toBe(3);
    expect(fixture.output).toHaveLength(1);
    expect(fixture.stderr).toBe('skyanchor reset: orders-2 started the command and has not finished it\n');
  });

  it('prints the known reason for each instance that has not answered', async () => {
    fixture.agent('orders');
    fixture.agent('orders-2', {
      commands: { file: fixture.commandFile, fault: 'lies below /srv, where others may write' },
    });
    fixture.agent('orders-3');
    const code = call('--wait', '0.6');
    await idInFile();
    fixture.agent('orders-3', { pid: 4_190_000 });
    expect(await code).toBe(3);
    expect(fixture.stderr.split('\n').filter(Boolean)).toEqual([
      'skyanchor reset: orders has not answered',
      'skyanchor reset: orders-2 refuses the file: it lies below /srv, where others may write',
      'skyanchor reset: orders-3 ended without an answer',
    ]);
  });

  it('names those that have not answered when another has failed, too', async () => {
    fixture.agent('orders');
    fixture.agent('orders-2');
    const code = call('--wait', '0.6');
    fixture.put(`${fixture.commands}${stamp('orders', 'failed', await idInFile(), 'timeout')}`);
    expect(await code).toBe(1);
    expect(fixture.stderr).toBe('skyanchor reset: orders-2 has not answered\n');
  });

  it.each<[what: string, prepare: () => void, why: RegExp]>([
    ['no agent', () => undefined, /no live instance in \S+\.status\.json$/],
    ['only agents that watch another file', () => fixture.agent('orders', { file: '/other' }), /\.json watches \S+$/],
    ['only agents that watch none', () => fixture.agent('orders', { file: null }), /\.json watches \S+$/],
    ['only a dead agent', () => fixture.agent('orders-1', { pid: 4_190_000 }), /no live instance in \S+$/],
    ['no agent that the target means', () => fixture.agent('payments'), /no live instance is called orders\*$/],
  ])('exits with 3 at once where there is %s to answer', async (_what, prepare, why) => {
    prepare();
    expect(await call('--wait', '60', '--target', 'orders*')).toBe(3);
    expect(fixture.stderr).toMatch(/^skyanchor reset: no instance can answer: /);
    expect(fixture.stderr.trimEnd()).toMatch(why);
    expect(fixture.commands).toMatch(/^reset id=/);
  });

  it('waits for those that the target means only', async () => {
    fixture.agent('orders');
    fixture.agent('payments');
    const code = call('--wait', '10', '--target', 'pay*');
    const id = await idInFile();
    fixture.put(`${fixture.commands}${done('payments', id)}`);
    expect(await code).toBe(0);
  });

  it('does not take the answer to an earlier command of the same id for its own', async () => {
    fixture.agent('orders', {
      last: [{ id: 'chg-1', verb: 'reset', state: 'done', at: '2026-11-21T21:18:39.120Z', detail: '' }],
    });
    const digest = digestOf('reset id=chg-1');
    fixture.put(`reset id=chg-1\n${running('orders', 'chg-1', digest)}${done('orders', 'chg-1')}report\n`);
    const code = call('--wait', '10', '--id', 'chg-1');
    await until(() => fixture.commands.endsWith('report\nreset id=chg-1\n'));
    fixture.put(`${fixture.commands}${stamp('orders', 'duplicate', 'chg-1', `cmd=${digest}`)}`);
    expect(await code).toBe(1);
    expect(fixture.output).toEqual(['orders duplicate chg-1']);
  });
});
