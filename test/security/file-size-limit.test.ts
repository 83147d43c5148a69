import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');

/** Ends, as it likes, once a block was refused; then it may write no more than before, and is told so. */
const APPLICATION = `
const { writeFileSync } = require('node:fs');
const agent = require(process.argv[1]).start({
  serviceName: 'limited', backends: '127.0.0.1:1', spool: process.argv[2], commandFile: process.argv[3],
});
const deadline = setTimeout(() => process.exit(1), 20_000);
const timer = setInterval(() => {
  for (let at = 0; at < 40; at++) agent.trace('work' + 'x'.repeat(400), () => undefined);
  if (!agent.status().spool?.fault?.includes('EFBIG')) return;
  clearInterval(timer);
  clearTimeout(deadline);
  try {
    writeFileSync(process.argv[4], 'x'.repeat(4_096));
  } catch ({ code }) {
    process.exitCode = code === 'EFBIG' ? 7 : 2;
  }
}, 20);`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-limit-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const itOnLinux = process.platform === 'linux' ? it : it.skip;
if (process.platform !== 'linux') console.log('a limit of file sizes is known on Linux alone: nothing is tested here');

describe('a process that may write small files only', () => {
  itOnLinux.each([0, 1])('is not ended by what the agent or it itself writes: ulimit -f %i', (blocks) => {
    const places = [path.join(folder, 'spool'), path.join(folder, 'command'), path.join(folder, 'own')];
    const script = `ulimit -c 0; ulimit -f ${blocks}; exec "$@"`;
    const node = [process.execPath, '-e', APPLICATION, path.join(ROOT, 'dist'), ...places];
    const { status, signal } = spawnSync('sh', ['-c', script, 'sh', ...node], { encoding: 'utf8' });
    expect({ status, signal }).toEqual({ status: 7, signal: null });
  });
});
