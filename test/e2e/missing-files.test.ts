import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { noopAgent } from '../../src/agent/noop-agent';
import { systemClock } from '../../src/base/clock';
import { resolve } from '../config/sources';
import { endApps, startApp } from '../support/app';

const ROOT = path.join(__dirname, '..', '..');
const DIST = path.join(ROOT, 'dist');
const WALKS = path.join(ROOT, 'fixtures', 'apps', 'walks.js');

let collector: Collector;
let folder: string;

beforeAll(async () => {
  collector = await startCollector({ protocol: 'v3' });
});

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-missing-files-'));
});

afterEach(async () => {
  await endApps();
  rmSync(folder, { recursive: true, force: true });
});

afterAll(() => collector.stop());

/** What the package requires only once it is needed: files of its own, and packages. */
function lateFiles(): readonly string[] {
  const start = path.join(DIST, 'start-path.js');
  const { resolve: fileOf } = createRequire(start);
  const ids = [...readFileSync(start, 'utf8').matchAll(/=>\s*require\(['"]([^'"]+)['"]\)/g)].map(([, id = '']) => id);
  const files = ids.filter((id) => !id.startsWith('node:')).map((id) => fileOf(id));
  return [...new Set(files)].map((file) => `/${path.relative(ROOT, file).replaceAll('\\', '/')}`);
}

async function walk(missing: readonly string[]) {
  const env = { MISSING: missing.join(','), FOLDER: folder, BACKEND: collector.address, DIST };
  const app = startApp(WALKS, { env });
  const end = await app.ended;
  const { called = [], thrown } = JSON.parse(app.stdout || '{}') as { called?: string[]; thrown?: string[] };
  return { end, called, thrown, stderr: app.stderr };
}

const UNHARMED = { end: { code: 0, signal: null }, thrown: [] };
const files = lateFiles();

describe('an application that calls all of the API', () => {
  it('calls all of it', async () => {
    expect(files.length).toBeGreaterThan(25);
    const { called, ...walked } = await walk([]);
    expect(walked).toMatchObject(UNHARMED);
    expect(called).toEqual(expect.arrayContaining(Object.keys(noopAgent(resolve(), systemClock))));
  });

  it.each(files)('is thrown nothing where %s cannot be loaded', async (file) => {
    expect(await walk([file])).toMatchObject(UNHARMED);
  });

  it('is thrown nothing where nothing that is loaded late can be', async () => {
    const { stderr, ...walked } = await walk(files);
    expect(walked).toMatchObject(UNHARMED);
    expect(stderr).toContain("the application's meters count nothing: Cannot find module");
    expect(stderr).toContain('the verb drain of onCommand() cannot be called: Cannot find module');
  });
});
