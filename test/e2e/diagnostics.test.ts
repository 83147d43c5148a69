import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { endApps, REGISTER, startApp } from '../support/app';
import { until } from '../support/until';

const APP = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'idle.js');

describe('an operator gets from the command file', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyanchor-diagnostics-')));
    file = path.join(folder, 'orders.command');
    startApp(APP, { nodeFlags: ['--require', REGISTER], env: { SW_AGENT_COMMAND_FILE: file } });
  });

  afterEach(async () => {
    await endApps();
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });

  /** The last stamp of a command, once it is answered. */
  async function answerTo(command: string): Promise<string> {
    await until(() => existsSync(`${file}.status.json`));
    writeFileSync(file, `${command}\n`);
    const last = () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => / (done|failed|rejected) /.test(line))
        .at(-1);
    await until(() => last() !== undefined, undefined, { timeoutMs: 30_000 });
    return last() ?? '';
  }

  const nameIn = (stamp: string): string => /file=(\S+)/.exec(stamp)?.[1] ?? '';

  it('a snapshot of the heap, in a file that only its owner may read', async () => {
    const name = nameIn(await answerTo('heap-snapshot'));
    expect(path.dirname(name)).toBe(folder);
    expect(statSync(name).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(readFileSync(name, 'utf8')) as object)).toContain('snapshot');
  }, 40_000);

  it('a profile of the CPU over the time that was asked for', async () => {
    const name = nameIn(await answerTo('cpu-profile 1s'));
    expect(statSync(name).mode & 0o777).toBe(0o600);
    const { startTime, endTime } = JSON.parse(readFileSync(name, 'utf8')) as { startTime: number; endTime: number };
    expect((endTime - startTime) / 1e6).toBeGreaterThan(0.9);
  }, 20_000);

  it.each(['cpu-profile 1h', 'cpu-profile 6m', 'cpu-profile 0s', 'cpu-profile 30', 'cpu-profile'])(
    'a sentence where the time is none, and no file: %s',
    async (command) => {
      expect(await answerTo(command)).toMatch(/ rejected .*cpu-profile: argument duration/);
      expect(readdirSync(folder).filter((name) => name.endsWith('profile'))).toEqual([]);
    },
    20_000,
  );
});
