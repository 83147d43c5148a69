import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

let folder: string;
let cache: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-matrix-test-'));
  cache = path.join(folder, 'cache');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function script(file: string, lines: readonly string[]): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
}

interface Results {
  readonly passed: number;
  readonly failed?: string;
}

/** In the place of a Node: says its version, and in that of jest tells what it was started with and these results. */
function fakeNode(version: string, { passed, failed }: Results): readonly string[] {
  const assertions = failed === undefined ? [] : [{ status: 'failed', fullName: failed }];
  const suite = { name: path.resolve('test', 'base', 'log.test.ts'), status: 'failed', assertionResults: assertions };
  const results = {
    ...{ numPassedTests: passed, numFailedTests: assertions.length, numPendingTests: 1 },
    testResults: failed === undefined ? [] : [suite],
  };
  return [
    `if [ "$1" = --version ]; then echo v${version}; exit; fi`,
    'jest=${1##*/}; shift; echo "$(node --version) runs $jest $*"',
    `for given in "$@"; do case $given in --outputFile=*) echo '${JSON.stringify(results)}' > "\${given#*=}";; esac; done`,
    `exit ${assertions.length}`,
  ];
}

function installed(version: string, results: Results): void {
  script(path.join(cache, version.split('.')[0]!, 'bin', 'node'), fakeNode(version, results));
}

function npmThat(lines: readonly string[]): void {
  script(path.join(folder, 'bin', 'npm'), lines);
}

function matrix(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [path.join(__dirname, 'run.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, SKYANCHOR_NODE_CACHE: cache, PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}` },
  });
}

describe('the suite on several versions of Node', () => {
  it('runs on each in turn, with that `node` for its children too, and ends in a table', () => {
    installed('97.1.2', { passed: 30 });
    installed('98.0.0', { passed: 7 });
    const { status, stdout } = matrix('97', '98', '--', 'test/base', '--silent');
    expect(stdout).toMatch(/^v97\.1\.2 runs jest\.js --json \S+ test\/base --silent$/m);
    expect(stdout).toMatch(/^v98\.0\.0 runs /m);
    expect(stdout).toMatch(
      /^Node +passed +failed +skipped +seconds\n97\.1\.2 +30 +0 +1 +\d+\n98\.0\.0 +7 +0 +1 +\d+$/m,
    );
    expect(status).toBe(0);
  });

  it('fails where it fails on one of them, goes on with the others, and names what has failed', () => {
    installed('97.1.2', { passed: 29, failed: 'the log says so' });
    installed('98.0.0', { passed: 7 });
    const { status, stdout } = matrix('97', '98');
    expect(stdout).toMatch(/^97\.1\.2 +29 +1 +1 +\d+ {2}failed\n98\.0\.0 +7 +0 +1 +\d+$/m);
    expect(stdout).toContain(`97.1.2: ${path.join('test', 'base', 'log.test.ts')}: the log says so`);
    expect(status).toBe(1);
  });

  it('fetches what is missing once, into a folder of its own', () => {
    const node = path.join(folder, 'node');
    script(node, fakeNode('99.5.0', { passed: 3 }));
    // `npm install --prefix FOLDER … PACKAGE@VERSION`
    npmThat([
      'for name in "$@"; do :; done',
      'into="$3/node_modules/${name%@*}/bin"; mkdir -p "$into"',
      `cp '${node}' "$into/node"; echo "$name" >> '${folder}/fetched'`,
    ]);
    for (const time of ['first', 'second']) {
      const { status, stdout, stderr } = matrix('99');
      expect(stdout).toMatch(/^99\.5\.0 +3 /m);
      expect(stderr.includes('fetching Node 99')).toBe(time === 'first');
      expect(status).toBe(0);
    }
    expect(readdirSync(cache)).toEqual(['99']);
  });

  it('says which version cannot be had, and fails unless it was told that it may be missing', () => {
    installed('97.1.2', { passed: 30 });
    npmThat(['echo npm error code E404 >&2', 'exit 1']);
    const { status, stdout } = matrix('99', '97');
    expect(stdout).toMatch(/^99 +- +- +- +- {2}not to be had: npm has no node-\S+@99: npm error code E404$/m);
    expect(stdout).toMatch(/^97\.1\.2 +30 /m);
    expect(status).toBe(1);
    expect(matrix('--allow-missing', '99', '97').status).toBe(0);
    expect(existsSync(path.join(cache, '99'))).toBe(false);
  });

  it('does not take one version for another', () => {
    script(path.join(cache, '9', 'bin', 'node'), fakeNode('98.0.0', { passed: 1 }));
    const { status, stdout } = matrix('9');
    expect(stdout).toMatch(/^9 .* is Node 98\.0\.0$/m);
    expect(status).toBe(1);
  });

  it('refuses what is no version', () => {
    const { status, stderr } = matrix('lts');
    expect(stderr).toBe('lts: expected a version such as 22 or 20.19, or --allow-missing\n');
    expect(status).toBe(2);
  });
});
