import { version } from '../../src/agent/version';
import { cli } from './cli';

const COMMANDS = ['run', 'reset', 'status', 'spool', 'collector', 'demo'];

describe('skyanchor', () => {
  it('prints its version, everywhere', async () => {
    for (const args of [['--version'], ['-v'], ['status', '--version']])
      expect(await cli(args)).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  });

  it('helps with all commands, and names each', async () => {
    const { code, stdout } = await cli(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command} `);
  });

  it.each(COMMANDS)('helps with %s', async (command) => {
    const { code, stdout, stderr } = await cli([command, '--json', '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^usage: skyanchor ${command}\\b`));
  });

  it('shows how it is called, on stderr and as a fault, when it is called with nothing', async () => {
    const { code, stdout, stderr } = await cli([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('usage: skyanchor');
  });

  it.each([
    [['frobnicate'], 'there is no command frobnicate'],
    [['status', '--fiel', 'x'], "Unknown option '--fiel'"],
    [['status'], 'expected --file, or SW_AGENT_COMMAND_FILE in the environment'],
    [['status', '--file', 'x', 'y'], "Unexpected argument 'y'"],
    [['reset'], 'expected --file, or SW_AGENT_COMMAND_FILE in the environment'],
    [['reset', '--file', 'x', '--wait', 'soon'], '--wait soon: expected seconds'],
    [['reset', '--file', 'x', '--wait', ''], 'expected seconds'],
    [['reset', '--file', 'x', '--id', 'a b'], 'id: expected'],
    [['reset', '--file', 'x', '--target', ''], 'target: expected'],
    [['spool'], 'expected one of ls, send, drop'],
    [['spool', 'eat', '--directory', 'x'], 'expected one of ls, send, drop'],
    [['spool', 'ls'], 'expected --directory, or SW_AGENT_SPOOL_DIRECTORY in the environment'],
    [['spool', 'drop', '--directory', 'x'], 'drop: expected --service NAME, or --all'],
    [['run'], 'expected a command behind --'],
    [['run', '--'], 'expected a command behind --'],
    [['run', 'node', 'app.js'], 'node: expected -- before the command'],
  ])('ends with 2 where %j is no way to call it', async (args, reason) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(reason);
  });
});
