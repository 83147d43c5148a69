import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cli } from '../cli/cli';
import { endApps } from '../support/app';

/** Where another user may put what he likes. */
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-pipe-'));
  file = path.join(folder, 'app.command');
});

afterEach(async () => {
  await endApps();
  rmSync(folder, { recursive: true });
});

describe('skyanchor reset, told an id', () => {
  const reset = () => cli(['reset', '--file', file, '--id', 'chg-1', '--wait', '1']);

  it('says that it cannot be written, and does not wait, when there is a pipe in the place of the command file', async () => {
    execFileSync('mkfifo', [file]);
    const { code, stderr } = await reset();
    expect(stderr).toMatch(/is not a regular file but a fifo/);
    expect(code).toBe(1);
  });

  it('reads nothing when there is a link to a device without end in the place of the command file', async () => {
    symlinkSync('/dev/zero', file);
    const { code, stderr } = await reset();
    expect(stderr).toMatch(/is a link that leads out of its directory/);
    expect(code).toBe(1);
  });
});
