import { execFile } from 'node:child_process';
import path from 'node:path';
import { itWhere } from '../control/it-where';
import { endApps, startApp, type AppEnd } from '../support/app';
import { until } from '../support/until';

describe('a process that a signal ends', () => {
  const SIGNALLED = path.join(__dirname, 'signalled.ts');
  const TYPESCRIPT = path.join(__dirname, '..', 'support', 'typescript.js');

  afterEach(endApps);

  /** How it ends, and what of its own code has run. */
  async function endOf(...args: string[]): Promise<AppEnd & { readonly words: string; readonly stderr: string }> {
    const app = startApp(SIGNALLED, { nodeFlags: ['--require', TYPESCRIPT], args });
    await until(() => app.stdout.includes('waits\n') || app.end);
    const end = await app.kill('SIGTERM');
    return { ...end, words: app.stdout, stderr: app.stderr };
  }

  it.each([
    'comes to its end',
    'comes to its end, with signal-exit 3',
    'comes to its end, with signal-exit 4',
    'comes to its end when a thread of it exits',
    'calls process.exit',
    'calls process.exit, with signal-exit 3',
    'calls process.exit, with signal-exit 4',
    'stops the agent and calls process.exit',
    'throws what nothing catches',
    'listens from now on',
    'listens from now on and gets it again',
    'gets another signal',
    'raises another signal',
    'listens to another signal and gets it',
  ])('ends by it as without us, also if it %s while what was traced is sent', async (way) => {
    const bare = await endOf(way, 'bare');
    expect(bare).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
    expect(await endOf(way)).toEqual(bare);
  });

  const FIRST = ['--pid', '--fork', '--kill-child', '--mount-proc'];

  /** What the first process of a container prints, and how it ends. */
  function endOfFirst(...args: string[]): Promise<readonly [words: string, stderr: string, code: unknown]> {
    const program = [process.execPath, '--require', TYPESCRIPT, SIGNALLED, 'is process 1', ...args];
    return new Promise((resolve) => {
      execFile('unshare', [...FIRST, ...program], { timeout: 20_000, killSignal: 'SIGKILL' }, (error, words, stderr) =>
        resolve([words, stderr, error?.code]),
      );
    });
  }

  itWhere(
    ['unshare', ...FIRST, 'true'],
    'the first process of a container is not tested: this machine lets us make no namespace of processes. It is where ' +
      'the tests run as root, in a container with --cap-add SYS_ADMIN.',
  )('goes on where it is the first of a container, and hears the next one by its own listener', async () => {
    const bare = await endOfFirst('bare');
    expect(bare).toEqual(['waits\nheard SIGTERM\nexit\n', '', 5]);
    // It may be the last that it hears before a SIGKILL, and once more at its exit.
    expect(await endOfFirst()).toEqual([bare[0], 'finishes\nfinishes\n', bare[2]]);
  });
});
