import { spawn } from 'node:child_process';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { App, endApps } from '../support/app';

const HOARDS = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'hoards.js');
const itWhereLimited = process.platform === 'win32' ? it.skip : it;

let collector: Collector;

jest.setTimeout(60_000);
beforeEach(async () => {
  collector = await startCollector({ protocol: 'v3' });
});
afterEach(async () => {
  await endApps();
  await collector.stop();
});

describe('an application that has every descriptor in use when the agent is to load what it needs', () => {
  itWhereLimited('is registered when it has let go of them', async () => {
    const few = ['-ec', 'ulimit -n 100\nexec "$@"', '--', process.execPath, HOARDS];
    const app = new App(spawn('sh', few, { env: { ...process.env, BACKEND: collector.address } }));
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(JSON.parse(app.stdout)).toEqual({
      phase: 'connected',
      lines: [expect.stringMatching(/^the agent cannot start yet: EMFILE/), 'the agent starts'],
    });
  });
});
