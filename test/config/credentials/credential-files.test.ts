import { execFileSync } from 'node:child_process';
import fs, { renameSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../../src/base/clock';
import { Log } from '../../../src/base/log';
import { CredentialFiles } from '../../../src/config/credentials';
import { CERTIFICATE, KEY, OTHER_KEY } from '../certificates';
import { faultsOf, put, resolve, scratch } from '../sources';

const cwd = scratch();
const TOKEN = { SW_AGENT_AUTHENTICATION_FILE: 'token' };

let lines: string[];

function filesOf(env: Record<string, string>): CredentialFiles {
  lines = [];
  const say = (line: string): void => void lines.push(line);
  return new CredentialFiles(
    resolve({ cwd, env }),
    new Log(systemClock, { error: say, warn: say, info: say, debug: say }, 'debug'),
  );
}

/** As tools that exchange secrets do it: at once, under the same name. */
function exchange(name: string, content: string): void {
  put(cwd, `${name}.new`, content);
  renameSync(path.join(cwd, `${name}.new`), path.join(cwd, name));
}

describe('a token in a file', () => {
  beforeEach(() => put(cwd, 'token', 'first-1\n'));

  it('is read at the start, without its line end', () => {
    expect(resolve({ cwd, env: TOKEN })).toMatchObject({
      authentication: 'first-1',
      authenticationFile: path.join(cwd, 'token'),
    });
    expect(resolve({ cwd, options: { authenticationFile: 'token' } }).authentication).toBe('first-1');
  });

  it.each([
    ['goes before a token of the same source', { ...TOKEN, SW_AGENT_AUTHENTICATION: 'other' }, {}, 'first-1'],
    ['goes before a token of a weaker source', TOKEN, { authentication: 'other' }, 'first-1'],
    [
      'gives way to a token of a stronger source',
      { SW_AGENT_AUTHENTICATION: 'other' },
      { authenticationFile: 'token' },
      'other',
    ],
  ])('%s', (_how, env, options, expected) => {
    expect(resolve({ cwd, env, options }).authentication).toBe(expected);
  });

  it('is read again once it has changed', async () => {
    const files = filesOf(TOKEN);
    expect(await files.current()).toEqual({ authentication: 'first-1' });
    exchange('token', 'second-2');
    expect(await files.current()).toEqual({ authentication: 'second-2' });
    expect(lines).toEqual([]);
  });

  it.each([
    ['is empty', ''],
    ['has two lines', 'a\nb\n'],
    ['holds what no header can', 'tökén'],
  ])('stays in force when the new one %s, which is logged once, and its mending too', async (_what, content) => {
    const files = filesOf(TOKEN);
    exchange('token', content);
    expect(await files.current()).toEqual({ authentication: 'first-1' });
    expect(await files.current()).toEqual({ authentication: 'first-1' });
    expect(lines).toEqual([expect.stringMatching(/^the token cannot be read again, the old content stays in force: /)]);
    if (content) expect(lines[0]).not.toContain(content);
    exchange('token', 'third-3');
    expect(await files.current()).toEqual({ authentication: 'third-3' });
    expect(lines.slice(1)).toEqual(['the token: read again']);
  });

  it('is read for the next connection where it could not be read for this one, though it looks the same', async () => {
    const files = filesOf(TOKEN);
    exchange('token', 'second-2');
    const open = jest.spyOn(fs, 'openSync').mockImplementationOnce(() => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    });
    expect(await files.current()).toEqual({ authentication: 'first-1' });
    // As after `chown` or `chmod`.
    open.mockRestore();
    expect(await files.current()).toEqual({ authentication: 'second-2' });
    expect(lines.at(-1)).toBe('the token: read again');
  });

  it.each(['gone', 'folder', 'fifo', 'text'])('is a fault at the start that does not show its content: %s', (name) => {
    put(cwd, 'folder/x', '');
    put(cwd, 'text', 'geheim ö');
    if (name === 'fifo' && process.platform !== 'win32') execFileSync('mkfifo', ['-m', '600', path.join(cwd, 'fifo')]);
    const [fault] = faultsOf({ cwd, env: { SW_AGENT_AUTHENTICATION_FILE: name } });
    expect(fault).toMatchObject({ name: 'authenticationFile', expected: expect.stringMatching(/^a readable file/) });
    expect(JSON.stringify(fault)).not.toContain('geheim');
  });
});

/** The names of the files that are opened meanwhile. */
async function openedBy(work: () => Promise<unknown>): Promise<string[]> {
  const open = jest.spyOn(fs, 'openSync');
  await work();
  const names = open.mock.calls.map(([file]) => path.basename(String(file)));
  open.mockRestore();
  return names;
}

it('files that are of no use are not read again until they change, nor are the others', async () => {
  put(cwd, 'token', 'first-1\n');
  put(cwd, 'ca.pem', CERTIFICATE);
  const files = filesOf({ ...TOKEN, SW_AGENT_SSL_TRUSTED_CA_PATH: 'ca.pem' });
  // Both are looked at side by side.
  expect((await openedBy(() => files.current())).sort()).toEqual(['ca.pem', 'token']);
  exchange('token', 'two\nlines\n');
  expect(await openedBy(() => files.current())).toEqual(['token']);
  expect(await openedBy(() => files.current())).toEqual([]);
  exchange('ca.pem', 'text');
  expect(await openedBy(() => files.current())).toEqual(['ca.pem']);
  expect(await openedBy(() => files.current())).toEqual([]);
  expect(await files.current()).toMatchObject({ authentication: 'first-1', tls: { ca: Buffer.from(CERTIFICATE) } });
});

it('a file that is written to is read again though its size and date stay', async () => {
  const token = path.join(cwd, 'token');
  const setDate = (): void => utimesSync(token, 1, 1);
  put(cwd, 'token', 'first-1\n');
  setDate();
  const files = filesOf(TOKEN);
  await files.current();
  writeFileSync(token, 'other-2\n');
  setDate();
  expect(await files.current()).toEqual({ authentication: 'other-2' });
});

describe('the files of TLS', () => {
  const TLS = {
    SW_AGENT_SSL_TRUSTED_CA_PATH: 'ca.pem',
    SW_AGENT_SSL_CERT_CHAIN_PATH: 'cert.pem',
    SW_AGENT_SSL_KEY_PATH: 'key.pem',
  };
  const before = { ca: Buffer.from(CERTIFICATE), cert: Buffer.from(CERTIFICATE), key: Buffer.from(KEY) };

  beforeEach(() => {
    put(cwd, 'ca.pem', CERTIFICATE);
    put(cwd, 'cert.pem', CERTIFICATE);
    put(cwd, 'key.pem', KEY);
  });

  it('are read again once one has changed', async () => {
    const files = filesOf(TLS);
    exchange('ca.pem', `${CERTIFICATE}\n`);
    expect(await files.current()).toEqual({ tls: { ...before, ca: Buffer.from(`${CERTIFICATE}\n`) } });
  });

  it.each([
    ['a key that is not the certificate’s', 'key.pem', OTHER_KEY],
    ['authorities that are none', 'ca.pem', 'text'],
  ])('stay in force all together when there is %s', async (_what, name, content) => {
    const files = filesOf(TLS);
    exchange(name, content);
    expect(await files.current()).toEqual({ tls: before });
    expect(lines).toEqual([expect.stringMatching(/^the files of TLS cannot be read again, /)]);
  });
});
