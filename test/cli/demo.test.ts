import childProcess, { type ChildProcess, execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock';
import { demo } from '../../src/cli/demo';
import { itWith } from '../control/it-where';
import { endApps } from '../support/app';
import { cli } from './cli';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-demo-test-'));
});

afterEach(async () => {
  jest.restoreAllMocks();
  await endApps();
  rmSync(folder, { recursive: true });
});

describe('skyanchor demo', () => {
  async function playInFolder(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const env = { TMPDIR: folder, TEMP: folder, TMP: folder, ...settings };
    const { code, stdout, stderr } = await cli(['demo'], { env });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^8\. .*\nDone\. /m);
    expect(readdirSync(folder)).toEqual(['package.json']);
  }

  itWith('mkfifo', 'a pipe in the way of the demo is not tested: there is no mkfifo here')(
    'does all its steps where the package.json in the folder of temporary files is a pipe',
    async () => {
      execFileSync('mkfifo', [path.join(folder, 'package.json')]);
      await playInFolder();
    },
  );

  it('does all its steps where that package.json says something else of scripts', async () => {
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
    await playInFolder();
  });

  it('takes no setting of an agent from the environment', async () => {
    writeFileSync(path.join(folder, 'package.json'), '{}');
    await playInFolder({
      SW_AGENT_SPOOL_DIRECTORY: path.join(folder, 'spool'),
      SW_AGENT_STATUS_FILE: path.join(folder, 'status.json'),
      SW_AGENT_SAMPLE: '0',
    });
  });

  it('ends with a reason where the application never listens', async () => {
    const kill = jest.fn();
    const child = Object.assign(new EventEmitter(), { kill }) as unknown as ChildProcess;
    jest.spyOn(childProcess, 'spawn').mockReturnValue(child);
    let now = 0;
    jest.spyOn(systemClock, 'elapsed').mockImplementation(() => (now += 1_000));
    let said = '';
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true));
    expect(await demo([])).toBe(1);
    expect(said).toBe('skyanchor demo: waited 15000 ms for stock to listen\n');
    expect(kill).toHaveBeenCalledTimes(1);
  });
});
