import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const SRC = join(__dirname, '..', 'src');

/** Who may import from whom. The files beside the rooms (`index`, `register`) see only `agent`, `base` and `config`' types. */
const ARROWS: Record<string, readonly string[]> = {
  base: [],
  trace: ['base'],
  config: ['base'],
  registry: ['trace', 'base'],
  report: ['trace', 'base'],
  meter: ['base'],
  wire: ['trace', 'base'],
  command: ['base'],
  instrument: ['trace', 'base'],
  testing: ['wire', 'trace', 'base'],
  agent: ['instrument', 'command', 'report', 'registry', 'meter', 'wire', 'config', 'trace', 'base'],
  cli: ['agent', 'command', 'config', 'testing', 'base'],
  index: ['agent', 'config', 'base'],
  register: ['agent', 'base'],
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name));

const roomOf = (file: string) => relative(SRC, file).replace(/\.ts$/, '').split(sep)[0]!;

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  return [...source.matchAll(/(?:from|import|import\(|require\()\s*'(\.[^']+)'/g)].map(
    ([, specifier]) => `${join(dirname(file), specifier!)}.ts`,
  );
}

const edges = files.flatMap((file) => importsOf(file).map((target) => [file, target] as const));

describe('the house', () => {
  it('is seen whole by this test', () => {
    expect(edges.length).toBeGreaterThan(100);
    for (const [from, to] of edges)
      expect(files.includes(to) ? '' : `${from} imports ${to}, which is not there`).toBe('');
  });

  it('has only rooms that the arrows know', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in ARROWS))).toEqual([]);
  });

  it('has no arrow but those that are drawn', () => {
    const wrong = edges
      .filter(([from, to]) => roomOf(from) !== roomOf(to) && !ARROWS[roomOf(from)]!.includes(roomOf(to)))
      .map(([from, to]) => `${relative(SRC, from)} -> ${relative(SRC, to)}`);
    expect(wrong).toEqual([]);
  });

  it('has no cycles', () => {
    const done = new Set<string>();
    const path: string[] = [];
    const cycles: string[] = [];
    const visit = (file: string): void => {
      if (path.includes(file))
        cycles.push([...path.slice(path.indexOf(file)), file].map((name) => relative(SRC, name)).join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      path.push(file);
      for (const [from, to] of edges) if (from === file) visit(to);
      path.pop();
      done.add(file);
    };
    files.forEach(visit);
    expect(cycles).toEqual([]);
  });

  it('has no room or file with a name that says nothing', () => {
    expect(
      files.filter((file) => /(utils?|common|manager|impl|helpers?)(\.ts$|\/)/i.test(relative(SRC, file))),
    ).toEqual([]);
  });
});
