import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { put } from '../config/sources';
import { REGISTER } from '../support/app';
import { asOther, itWithTwoUsers } from './other-user';

const asTwo = itWithTwoUsers();
const NAME = '@opentelemetry/instrumentation-stock';
const NAMED = { name: 'shop', dependencies: { [NAME]: '1.0.0' } };
const CODE = 'console.log("loaded"); exports.StockInstrumentation = class {};';

/** Shared as /tmp is. */
let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyanchor-packages-')));
  chmodSync(folder, 0o1777);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program of ours that needs a library, which it has. */
function program(where: string): string {
  put(folder, `${where}/node_modules/stock/index.js`, '');
  return put(folder, `${where}/app.js`, 'require("stock"); console.log("ran");');
}

/** The other user installs an instrumentation for that library. */
function plant(where: string): void {
  asOther(`mkdir -p node_modules/${NAME} && echo '${CODE}' > node_modules/${NAME}/index.js`, where);
}

function run(
  script: string,
  cwd: string,
): { readonly status: number | null; readonly said: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', REGISTER, script], {
    cwd,
    env: { PATH: process.env['PATH'] },
    encoding: 'utf8',
    timeout: 10_000,
  });
  return { status, said: stdout, stderr };
}

describe('an instrumentation of OpenTelemetry that another user has planted', () => {
  asTwo('is not loaded when a link to a package.json of ours lies beside it, above the main script', () => {
    put(folder, 'shop/package.json', NAMED);
    plant(folder);
    asOther('ln -s shop/package.json package.json', folder);
    expect(run(program('work'), '/')).toMatchObject({ status: 0, said: 'ran\n' });
  });

  asTwo('is not loaded when a link to a package.json of ours lies beside it, in the working directory', () => {
    put(folder, 'shop/package.json', NAMED);
    asOther('mkdir home && ln -s ../shop/package.json home/package.json', folder);
    plant(path.join(folder, 'home'));
    const script = program('work');
    expect(run(script, path.join(folder, 'home'))).toMatchObject({ status: 0, said: 'ran\n' });
  });

  asTwo('is not loaded in place of one that the application names and has not installed, and the log says why', () => {
    plant(folder);
    put(folder, 'work/package.json', NAMED);
    const { status, said, stderr } = run(program('work'), '/');
    expect([status, said]).toEqual([0, 'ran\n']);
    expect(stderr).toMatch(/instrumentation-stock is not loaded: .* belongs to user 4711/);
  });

  asTwo('is not loaded when it is a file of ours that a link of that user leads to', () => {
    put(folder, `uploads/${NAME}/index.js`, CODE);
    asOther('ln -s uploads node_modules', folder);
    put(folder, 'work/package.json', NAMED);
    const { status, said, stderr } = run(program('work'), '/');
    expect([status, said]).toEqual([0, 'ran\n']);
    expect(stderr).toMatch(/is reached by .*node_modules, which belongs to user 4711/);
  });
});

describe('an instrumentation of OpenTelemetry that the application has installed', () => {
  it('is loaded with its library', () => {
    put(folder, 'work/package.json', NAMED);
    put(folder, `work/node_modules/${NAME}/index.js`, CODE);
    expect(run(program('work'), '/')).toEqual({ status: 0, said: 'loaded\nran\n', stderr: '' });
  });
});
