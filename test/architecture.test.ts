import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const SRC = join(__dirname, '..', 'src');
const DATA = ['model', 'base', 'api'];
const TRACING = ['tracing', ...DATA];

/** The modules that each module may import. `index` and `register` are the files beside them. */
const MODULES: Record<string, readonly string[]> = {
  api: [],
  base: ['api'],
  model: ['base', 'api'],
  tracing: DATA,
  config: ['base', 'api'],
  status: ['base', 'api'],
  // Only its client, which reads what the agents wrote.
  control: ['status', 'base', 'api'],
  export: TRACING,
  // From status only its lock, and how to see whether a process runs.
  spool: ['status', ...DATA],
  telemetry: DATA,
  transport: DATA,
  // From export and spool only their ports, which it implements.
  protocol: ['export', 'spool', 'transport', ...TRACING],
  instrument: TRACING,
  testing: DATA,
  agent: [
    'instrument',
    'control',
    'status',
    'export',
    'spool',
    'telemetry',
    'protocol',
    'transport',
    'config',
    ...TRACING,
  ],
  cli: ['agent', 'control', 'spool', 'config', 'testing', ...DATA],
  index: ['agent', 'api'],
  compat: ['agent', ...TRACING],
  // A program of the build loads it: nothing of the agent comes with it.
  bundler: [],
  register: ['agent', 'base', 'api'],
};

/** Folders inside a module that must not import from each other: [from, to]. */
const APART: readonly (readonly [from: string, to: string])[] = [
  ['protocol/v2', 'protocol/v3'],
  ['protocol/v3', 'protocol/v2'],
  ['protocol/protobuf', 'protocol/v2'],
  ['protocol/protobuf', 'protocol/v3'],
  ['protocol/protobuf', 'protocol/registration'],
  ['protocol/protobuf/fast', 'protocol/protobuf/control'],
  ['protocol/segments', 'protocol/registration'],
  ['control/syntax', 'control/file'],
  ['control/syntax', 'control/run'],
  ['control/file', 'control/run'],
  ['control/run', 'control/client'],
  ['control/file', 'control/client'],
  ['status/lock', 'status'],
  ['instrument/route', 'instrument/http/server'],
  ['instrument/http/client', 'instrument/http/server'],
  ['instrument/http/server', 'instrument/http/client'],
  ['instrument/undici', 'instrument/http/server'],
  ['testing/store', 'testing/record'],
];
const MAX_FILES_IN_FOLDER = 14;

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name));

const pathOf = (file: string) => relative(SRC, file).split(sep).join('/');
const moduleOf = (file: string) => pathOf(file).replace(/\.ts$/, '').split('/')[0]!;
const isIn = (file: string, folder: string) => pathOf(file).startsWith(`${folder}/`);

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  return [...source.matchAll(/(?:from|import|import\(|require\()\s*'(\.[^']+)'/g)].map(
    ([, specifier]) => `${join(dirname(file), specifier!)}.ts`,
  );
}

const imports = files.flatMap((file) => importsOf(file).map((target) => [file, target] as const));
const describeImport = ([from, to]: readonly [string, string]) => `${pathOf(from)} -> ${pathOf(to)}`;

describe('the modules of src/', () => {
  it('are found by this test with all their imports', () => {
    expect(imports.length).toBeGreaterThan(100);
    for (const [from, to] of imports)
      expect(files.includes(to) ? '' : `${from} imports ${to}, which is not there`).toBe('');
  });

  it('are those that the dependency rules name', () => {
    expect([...new Set(files.map(moduleOf))].filter((name) => !(name in MODULES))).toEqual([]);
  });

  it('import only the modules that the dependency rules allow', () => {
    const wrong = imports.filter(
      ([from, to]) => moduleOf(from) !== moduleOf(to) && !MODULES[moduleOf(from)]!.includes(moduleOf(to)),
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('let only the client of control/ import from status/', () => {
    const wrong = imports.filter(
      ([from, to]) => isIn(from, 'control') && !isIn(from, 'control/client') && isIn(to, 'status'),
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it.each(['export', 'spool'])('let protocol/ import only the ports of %s/', (folder) => {
    const wrong = imports.filter(
      ([from, to]) => isIn(from, 'protocol') && isIn(to, folder) && pathOf(to) !== `${folder}/ports.ts`,
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('let spool/ import only the lock and the liveness of status/', () => {
    const wrong = imports.filter(
      ([from, to]) =>
        isIn(from, 'spool') && isIn(to, 'status') && !isIn(to, 'status/lock') && pathOf(to) !== 'status/liveness.ts',
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('let the command line import only the client of control/', () => {
    const wrong = imports.filter(
      ([from, to]) => isIn(from, 'cli') && isIn(to, 'control') && !isIn(to, 'control/client'),
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it.each(APART)('keep %s apart from %s', (from, to) => {
    expect(files.some((file) => isIn(file, from))).toBe(true);
    expect(files.some((file) => isIn(file, to))).toBe(true);
    const wrong = imports.filter(([file, target]) => isIn(file, from) && isIn(target, to) && !isIn(target, from));
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('have no cycles', () => {
    const done = new Set<string>();
    const path: string[] = [];
    const cycles: string[] = [];
    const visit = (file: string): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].map(pathOf).join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      path.push(file);
      for (const [from, to] of imports) if (from === file) visit(to);
      path.pop();
      done.add(file);
    };
    files.forEach(visit);
    expect(cycles).toEqual([]);
  });

  it(`have at most ${MAX_FILES_IN_FOLDER} files in a folder`, () => {
    const counts = new Map<string, number>();
    for (const file of files) counts.set(dirname(pathOf(file)), (counts.get(dirname(pathOf(file))) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > MAX_FILES_IN_FOLDER)).toEqual([]);
  });

  it('have no file or folder with a name that says nothing', () => {
    expect(files.map(pathOf).filter((file) => /(utils?|common|manager|impl|helpers?)(\.ts$|\/)/i.test(file))).toEqual(
      [],
    );
  });
});

describe('the benchmarks', () => {
  it('load only what src/ is built to', () => {
    const bench = join(__dirname, '..', 'bench');
    const loaded = readdirSync(bench, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js') && !name.includes('node_modules'))
      .flatMap((name) => {
        const source = readFileSync(join(bench, name), 'utf8');
        return [...source.matchAll(/(?:\bours\('|'(?:\.\.\/)+dist\/)([\w/-]+)\.js'/g)].map(
          ([, file]) => `${name} loads ${file}`,
        );
      });
    expect(loaded.length).toBeGreaterThan(10);
    const built = new Set(files.map((file) => pathOf(file).replace(/\.ts$/, '')));
    expect(loaded.filter((line) => !built.has(line.replace(/^.* loads /, '')))).toEqual([]);
  });
});
