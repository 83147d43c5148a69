import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { esbuildPlugin, EXTERNALS, webpackPlugin } from '../src/bundler';

const INSTRUMENTATIONS = path.join(__dirname, '..', 'src', 'instrument');
type Resolved = { path: string; external: boolean } | undefined;

let printed: string[];

beforeEach(() => {
  printed = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
});

afterEach(() => jest.restoreAllMocks());

/** Sets the plugin up. @returns what esbuild would call */
function esbuild(logLevel?: string) {
  let resolve: (asked: { path: string; kind: string }) => Resolved = () => undefined;
  let end: () => void = () => undefined;
  let filter = /^$/;
  esbuildPlugin().setup({
    initialOptions: { ...(logLevel !== undefined && { logLevel }) },
    onResolve: (options, given) => {
      filter = options.filter;
      resolve = given;
    },
    onEnd: (given) => (end = given),
  });
  const ask = (asked: string, kind = 'require-call') =>
    filter.test(asked) ? resolve({ path: asked, kind }) : undefined;
  return { ask, end: () => end() };
}

describe('what stays out of a bundle', () => {
  it('is every library that the agent finds by its file', () => {
    const found = readdirSync(INSTRUMENTATIONS, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(path.join(INSTRUMENTATIONS, name), 'utf8'))
      .flatMap((source) => [...source.matchAll(/whenLoaded\('([^/]+)\//g)].map(([, library]) => library!));
    const names = EXTERNALS.map((library) => library.replace(/^@\w+\//, ''));
    expect(new Set(found)).toEqual(new Set(names));
  });

  it('is marked by the plugin for esbuild, which prints it at the end in one line', () => {
    const { ask, end } = esbuild();
    expect(['pg', 'pg/lib/client.js', '@hapi/hapi', 'koa', 'koa'].map((asked) => ask(asked)?.external)).toEqual(
      Array.from({ length: 5 }, () => true),
    );
    expect(ask('pg/lib/client.js')?.path).toBe('pg/lib/client.js');
    expect(['express', 'pg-types', './pg', '/app/node_modules/pg', 'node:http'].map((asked) => ask(asked))).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
    expect(ask('koa', 'entry-point')).toBeUndefined();
    end();
    expect(printed).toEqual([
      'skyanchor: not in the bundle, where they could not be traced: @hapi/hapi, koa, pg; install them beside it\n',
    ]);
  });

  it.each<[string, string | undefined, readonly string[]]>([
    ['esbuild is to print no more than warnings', 'warning', ['pg']],
    ['nothing was left out', undefined, ['express']],
  ])('is not printed where %s', (_why, logLevel, asked) => {
    const { ask, end } = esbuild(logLevel);
    for (const one of asked) ask(one);
    end();
    expect(printed).toEqual([]);
  });

  it.each<[string, unknown, readonly unknown[]]>([
    ['no externals', undefined, []],
    ['one', 'sharp', ['sharp']],
    ['a list of them', ['sharp', /native/], ['sharp', /native/]],
  ])('is added by the plugin for webpack where the configuration has %s', async (_what, externals, kept) => {
    const options = { externals };
    let done: () => void = () => undefined;
    const said: string[] = [];
    webpackPlugin().apply({
      options,
      hooks: { done: { tap: (_name, given) => (done = given) } },
      getInfrastructureLogger: () => ({ info: (text) => said.push(text) }),
    });
    const ours = (options.externals as unknown[]).at(-1) as (asked: { request?: string }) => Promise<unknown>;
    expect((options.externals as unknown[]).slice(0, -1)).toEqual(kept);
    expect(await Promise.all([{ request: 'pg' }, { request: 'express' }, {}].map(ours))).toEqual([
      'node-commonjs pg',
      undefined,
      undefined,
    ]);
    done();
    expect(said).toEqual(['not in the bundle, where they could not be traced: pg; install them beside it']);
  });
});
