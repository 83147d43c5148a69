import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentError, type Fault } from '../../src/api/errors';
import type { Config } from '../../src/config/config';
import { resolveConfig, type Sources } from '../../src/config/resolve';

/** A folder of its own for a test's files; what is in it goes when the test is over. */
export function scratch(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyanchor-config-')));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file, and the folders above it; an object as JSON. */
export function put(folder: string, name: string, content: unknown): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  return file;
}

/** A process with nothing said to it: an application without a name of its own, started in an empty folder. */
export function resolve(sources: Partial<Sources> = {}): Config {
  return resolveConfig({
    args: [],
    env: {},
    cwd: '/nowhere/at/all',
    mainScript: '/nowhere/at/all/app.js',
    hostname: 'web-1',
    pid: 4711,
    ...sources,
  });
}

export function faultsOf(sources: Partial<Sources>): readonly Fault[] {
  try {
    resolve(sources);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    expect(error.code).toBe('INVALID_CONFIGURATION');
    expect(error.faults.length).toBeGreaterThan(0);
    return error.faults;
  }
  return [];
}
