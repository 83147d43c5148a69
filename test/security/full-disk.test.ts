import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cpuProfile } from '../../src/agent/diagnosis/memory-and-cpu';
import { systemClock } from '../../src/base/clock';

it('leaves nothing of a profile of the CPU that the disk had no room for', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-full-'));
  const handle = await open(path.join(folder, 'any'), 'w');
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const full = jest.spyOn(prototype, 'writeFile').mockRejectedValue(new Error('ENOSPC: no space left on device'));
  try {
    const options = { clock: systemClock, commandFile: path.join(folder, 'command') };
    await expect(cpuProfile(1_000, options, new AbortController().signal)).rejects.toThrow('ENOSPC');
    expect(readdirSync(folder)).toEqual(['any']);
  } finally {
    full.mockRestore();
    rmSync(folder, { recursive: true });
  }
});
