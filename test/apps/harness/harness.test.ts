import { join } from 'node:path';

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly package: string;
  readonly manifest: { readonly name: string; readonly dependencies: Readonly<Record<string, string>> };
}

const { readArguments } = jest.requireActual<{ readArguments: (argv: string[]) => object }>('./arguments');
const { APPS, readCases, selectCases } = jest.requireActual<{
  APPS: string;
  readCases: (folder: string) => Case[];
  selectCases: (cases: Case[], chosen: { names: string[]; ci: boolean }) => Case[];
}>('./cases');
const { differencesOfRuns, normalise } = jest.requireActual<{
  differencesOfRuns: (app: object, bare: object, traced: object) => string[];
  normalise: (text: string, how: object) => string;
}>('./compare');
const { differencesOfTraces } = jest.requireActual<{
  differencesOfTraces: (expected: object, seen: object, service: string) => string[];
}>('./expectations');
const { judge } = jest.requireActual<{
  judge: (differences: string[], known: object[]) => { differences: string[]; known: string[] };
}>('./try-app');

const answer = { status: 200, headers: { date: 'now', 'x-served': 'yes' }, body: 'served' };
const run = {
  answers: [answer],
  code: 0,
  signal: null,
  endMs: 100,
  stdout: 'one\ntwo\n',
  stderr: '',
  normalise: (text: string) => text,
};
const app = { requests: [{ path: '/orders' }] };
const differences = (traced: object, more: object = {}) =>
  differencesOfRuns({ ...app, ...more }, run, { ...run, ...traced });

describe('a run with the agent', () => {
  it('does not differ from the same run, whatever its dates are', () => {
    expect(differences({ answers: [{ ...answer, headers: { ...answer.headers, date: 'later' } }] })).toEqual([]);
  });

  it.each([
    ['exit code', { code: 1 }],
    ['signal', { signal: 'SIGTERM' }],
    ['stdout', { stdout: 'one\n' }],
    ['stderr', { stderr: 'skyanchor warn' }],
    ['end', { endMs: 10_000 }],
    ['answer to /orders: status', { answers: [{ ...answer, status: 500 }] }],
    ['answer to /orders: body', { answers: [{ ...answer, body: '' }] }],
    ['answer to /orders: headers', { answers: [{ ...answer, headers: {} }] }],
    ['answers', { answers: [] }],
  ])('differs by its %s', (what, traced) => {
    expect(differences(traced)).toEqual([expect.stringMatching(`^${what}: `)]);
  });

  it('may print its lines in another order where the case says that they have none', () => {
    expect(differences({ stdout: 'two\none\n' }, { unordered: true })).toEqual([]);
    expect(differences({ stdout: 'two\none\n' })).toHaveLength(1);
  });

  it('is compared without its folder, port, process ids and times', () => {
    const stage = { cwd: '/tmp/app', folder: '/tmp/app', port: 4711, programs: [{ pid: 99 }] };
    const text = '/tmp/app/a.js 99 on 4711 in 12.5ms at 2026-11-28T12:00:00.000Z, 1800000000000';
    const rules = [[/a\.js/g, '<file>']];
    expect(normalise(text, { stage, rules })).toBe('<folder>/<file> <pid> on <port> in <duration> at <time>, <time>');
  });
});

describe('the traces of a run', () => {
  const seen = {
    ...{ segments: [], services: ['koa'], endpoints: ['GET:/orders/:order'], entries: 2, roots: 2, refs: 0 },
    ...{ exits: [], traces: 2, dropped: [] },
  };
  const expected = { endpoints: [/^GET:\/orders\/[^0-9]+$/], entries: 2 };

  it('are right when each pattern names one endpoint', () => {
    expect(differencesOfTraces(expected, seen, 'koa')).toEqual([]);
  });

  it.each([
    ['an endpoint for each number', { endpoints: ['GET:/orders/1', 'GET:/orders/2'] }, 'endpoints'],
    ['two endpoints for one pattern', { endpoints: ['GET:/orders/:a', 'GET:/orders/:b'] }, 'endpoints'],
    ['no endpoint', { endpoints: [] }, 'endpoints'],
    ['a request that is not traced', { entries: 1 }, 'traced requests'],
    ['another service', { services: ['pm2'] }, 'services'],
    ['a call that was not made', { exits: ['a:80'] }, 'peers'],
    ['a caller that is none', { refs: 1 }, 'requests with a caller'],
    ['a segment that the backend dropped', { dropped: ['no name'] }, 'dropped segments'],
    ['a trace too many', { traces: 3 }, 'traces'],
  ])('are wrong with %s', (_, difference, what) => {
    const found = differencesOfTraces(expected, { ...seen, ...difference }, 'koa');
    expect(found).toEqual([expect.stringMatching(`^${what}: `)]);
  });
});

describe('a difference that a case knows', () => {
  const known = [{ difference: /^traces: /, reason: 'it has its own' }];

  it('does not fail the case and is told by its reason', () => {
    expect(judge(['traces: 3'], known)).toEqual({ differences: [], known: ['it has its own'] });
  });

  it('fails the case when it is no longer there', () => {
    expect(judge([], known).differences).toEqual([expect.stringMatching('^no longer there')]);
  });

  it('covers no other difference', () => {
    expect(judge(['traces: 3', 'stderr: x'], known).differences).toEqual(['stderr: x']);
  });
});

describe('the cases', () => {
  const cases = readCases(APPS);

  it('name an npm package at an exact version', () => {
    const inexact = cases.filter(({ manifest, package: of }) => !/^\d+\.\d+\.\d+$/.test(manifest.dependencies[of]!));
    expect(inexact).toEqual([]);
    expect(cases.length).toBeGreaterThan(40);
  });

  it('have package names of their own', () => {
    const names = cases.map(({ manifest }) => manifest.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('are chosen by name, by the beginning of a name, and for CI', () => {
    const chosen = (names: string[], ci = false) => selectCases(cases, { names, ci }).map(({ name }) => name);
    expect(chosen(['koa', 'jest-*'])).toEqual(['jest-29', 'jest-30', 'koa']);
    expect(chosen(['jest-*'], true)).toEqual(['jest-30']);
    expect(() => chosen(['koala'])).toThrow('koala');
  });

  it('lie where the runner looks for them', () => {
    expect(cases.every(({ name, folder }) => folder === join(__dirname, '..', name))).toBe(true);
  });
});

describe('the arguments', () => {
  it('are names, versions of Node, a protocol, jobs and --ci', () => {
    const expected = { names: ['koa'], nodes: ['20', '22'], protocol: 'v2', jobs: 2, ci: true };
    expect(readArguments(['koa', '--node', '20,22', '--protocol=v2', '--jobs', '9', '--ci'])).toEqual(expected);
  });

  it.each([['--node'], ['--protocol=v4'], ['--what']])('are refused with the usage: %s', (argument) => {
    expect(() => readArguments([argument])).toThrow('usage');
  });
});
