import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { windowsCommand } from '../../src/cli/windows-command';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-command-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => {
  const at = path.join(folder, name);
  writeFileSync(at, '');
  return at;
};

describe('a command on Windows', () => {
  it('is left to Node where it is a program', () => {
    file('tool.exe');
    file('tool.cmd');
    const env = { Path: folder, PATHEXT: '.exe;.cmd' };
    expect(windowsCommand('tool', ['a b'], env)).toEqual({ command: 'tool', args: ['a b'], isVerbatim: false });
  });

  it('is left to Node where it is nowhere, which says so', () => {
    expect(windowsCommand('tool', [], { Path: folder })).toEqual({ command: 'tool', args: [], isVerbatim: false });
  });

  it.each([
    ['its bare name', () => 'tool'],
    ['its name with the extension', () => 'tool.cmd'],
    ['its path', () => path.join(folder, 'tool')],
  ])('is started by cmd.exe where it is a batch file, given by %s', (_by, command) => {
    const found = file('tool.cmd');
    const env = { PATH: `;"${folder}";`, pathext: '.exe;.cmd', comspec: 'C:\\Windows\\System32\\cmd.exe' };
    expect(windowsCommand(command(), ['start', '--port=1'], env)).toEqual({
      command: 'C:\\Windows\\System32\\cmd.exe',
      args: ['/d', '/s', '/c', `""${found}" start --port=1"`],
      isVerbatim: true,
    });
  });

  it.each([
    ['C:\\shop\\app.js', 'C:\\shop\\app.js'],
    ['', '^^^"^^^"'],
    ['a b', '^^^"a b^^^"'],
    ['a"b', '^^^"a\\^^^"b^^^"'],
    ['a b\\', '^^^"a b\\\\^^^"'],
    ['a\\"b', '^^^"a\\\\\\^^^"b^^^"'],
    ['%PATH%', '^^^"^^^%PATH^^^%^^^"'],
    ['a&calc', '^^^"a^^^&calc^^^"'],
  ])('hands a batch file the argument %j as it is', (argument, expected) => {
    const found = file('tool.cmd');
    const { args } = windowsCommand('tool', [argument], { Path: folder, PATHEXT: '.cmd' });
    expect(args.at(-1)).toBe(`""${found}" ${expected}"`);
  });
});
