import path from 'node:path';
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
});
