import fs, {
  closeSync,
  existsSync,
  mkdtempSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { FileLock } from '../../src/status/lock/file-lock';
import { StatusStore, type StatusEntries } from '../../src/status/status-store';
import { until } from '../support/until';

const TOKEN = 'a'.repeat(32);
const request = { isPatient: false, isOver: () => false, onHandover: () => undefined };

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyanchor-held-'));
  path = join(folder, 'status.json');
  writeFileSync(path, '{}');
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe('the status file while a reader has it open', () => {
  const store = (): StatusStore => new StatusStore({ path, token: TOKEN, clock: systemClock });
  const add = async (): Promise<StatusEntries> => new Map([['orders', { pid: 1 }]]);

  it('is replaced as soon as the reader closes it', async () => {
    const reader = openSync(path, 'r');
    const rename = jest.spyOn(promises, 'rename');
    const updated = store().update(add, request);
    await until(() => rename.mock.calls.length > 1);
    expect(readFileSync(path, 'utf8')).toBe('{}');
    closeSync(reader);
    await updated;
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ instances: { orders: { pid: 1 } } });
  });

  it('stays as it is when the reader keeps it, and nothing is left beside it', async () => {
    const reader = openSync(path, 'r');
    try {
      await expect(store().update(add, request)).rejects.toMatchObject({ code: 'EPERM' });
      expect(readdirSync(folder)).toEqual(['status.json']);
    } finally {
      closeSync(reader);
    }
    await store().update(add, request);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ instances: { orders: {} } });
  });
});

describe('a lock that another process looks at while its holder releases it', () => {
  it('is released when the look is over', async () => {
    const lock = await FileLock.take({ path, clock: systemClock, ...request });
    const look = opendirSync(`${path}.lock`);
    const rmdir = jest.spyOn(fs, 'rmdir');
    const released = lock.release();
    await until(() => rmdir.mock.calls.length > 1);
    look.closeSync();
    await released;
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
