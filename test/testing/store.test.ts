import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock';
import { Registry } from '../../src/testing/registry/registry';
import { rowsFor } from '../../src/testing/registry/rows';
import { DirectoryStore } from '../../src/testing/store/directory-store';
import type { Row } from '../../src/testing/store/row';
import { type Commit, MemoryStore, type Store } from '../../src/testing/store/store';
import { until } from '../support/until';

const LOADER = path.join(__dirname, '..', 'support', 'typescript.js');
const CHILD = path.join(__dirname, 'child', 'write-ids.ts');

const folders: string[] = [];
const errors: string[] = [];
const logger = { error: (line: string) => errors.push(line) };

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-store-'));
  folders.push(folder);
  return path.join(folder, 'made', 'when', 'missing');
}

beforeEach(() => {
  errors.length = 0;
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const row = (id: number, name: string): Row => ({ ...rowsFor.service(name), id });

const open = async (store: Store): Promise<Store> => {
  await store.open();
  return store;
};

function node(store: Store): Registry {
  return new Registry({
    store,
    clock: systemClock,
    logger,
    idDelayMs: 0,
    deafMs: 0,
    hasRegistrar: () => true,
    maxNames: 1_000_000,
  });
}

/** Asks as agents do, all names at once, until each has an id. */
async function registerAll(registry: Registry, names: readonly string[]): Promise<Map<string, number>> {
  const ask = async () => registry.getOrCreate<'service'>(names.map((name) => rowsFor.service(name)));
  const rows = await until(ask, (found) => !found.includes(undefined), { everyMs: 1 });
  return new Map(rows.map((found) => [found!.name, found!.id]));
}

/** One name, one id, for everybody; no id twice; none left out. */
function expectSound(views: readonly ReadonlyMap<string, number>[], names: readonly string[]): void {
  const byName = new Map<string, number>();
  for (const view of views) {
    for (const [name, id] of view) {
      expect([name, byName.get(name) ?? id]).toEqual([name, id]);
      byName.set(name, id);
    }
  }
  expect([...byName.keys()].sort()).toEqual([...names].sort());
  expect([...byName.values()].sort((left, right) => left - right)).toEqual(names.map((_, index) => index + 2));
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

const shuffled = (names: readonly string[]): string[] =>
  names
    .map((name) => ({ name, rank: Math.random() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ name }) => name);

describe.each([
  ['memory', () => new MemoryStore()],
  ['a directory', () => new DirectoryStore(newFolder())],
])('storage in %s', (_, create: () => Store) => {
  it('takes what follows the version that was seen, and nothing else', async () => {
    const store = await open(create());
    expect(await store.read(0)).toEqual([]);
    expect(await store.commit(0, [row(2, 'a')])).toBe(true);
    expect(await store.commit(0, [row(2, 'b')])).toBe(false);
    expect(await store.commit(1, [row(3, 'b'), row(4, 'c')])).toBe(true);
    expect(await store.read(0)).toEqual([[row(2, 'a')], [row(3, 'b'), row(4, 'c')]]);
    expect(await store.read(1)).toEqual([[row(3, 'b'), row(4, 'c')]]);
    expect(await store.read(2)).toEqual([]);
  });

  it('lets one of many win who write at the same time', async () => {
    const store = await open(create());
    const wins = await Promise.all(numbered('writer', 20).map((name) => store.commit(0, [row(2, name)])));
    expect(wins.filter(Boolean)).toHaveLength(1);
    expect(await store.read(0)).toEqual([[row(2, `writer-${wins.indexOf(true)}`)]]);
  });

  it('gives one id to a name and no id twice, however many nodes write at once', async () => {
    const store = await open(create());
    const names = numbered('service', 60);
    const nodes = Array.from({ length: 8 }, () => node(store));
    const views = await Promise.all(
      nodes.map(async (registry) => {
        const own = shuffled(names);
        // Ten at a time, so that the nodes meet again and again.
        const parts: Map<string, number>[] = [];
        for (let at = 0; at < own.length; at += 10) parts.push(await registerAll(registry, own.slice(at, at + 10)));
        return new Map(parts.flatMap((part) => [...part]));
      }),
    );
    expectSound(views, names);
    expect(errors).toEqual([]);
  });

  it('is empty once it was cleared, and counts from the start', async () => {
    const store = await open(create());
    await store.commit(0, [row(2, 'a')]);
    await store.clear();
    await store.open();
    expect(await store.read(0)).toEqual([]);
    expect(await registerAll(node(store), ['b'])).toEqual(new Map([['b', 2]]));
  });
});

describe('a node', () => {
  /** Every commit is refused once, since another node was faster by a hair. */
  class Contended extends MemoryStore {
    refusals = 0;
    private isRivalsTurn = true;

    override async commit(version: number, commit: Commit): Promise<boolean> {
      this.isRivalsTurn = !this.isRivalsTurn;
      if (this.isRivalsTurn) return super.commit(version, commit);
      this.refusals++;
      const highest = (await this.read(0)).flat().length + 1;
      await super.commit(version, [row(highest + 1, `rival-${version}`)]);
      return super.commit(version, commit);
    }
  }

  it('that was refused counts on from what the others wrote', async () => {
    const store = new Contended();
    const registry = node(store);
    for (const name of ['a', 'b', 'c']) await registerAll(registry, [name]);
    expect(store.refusals).toBe(3);
    const rows = (await store.read(0)).flat();
    expect(rows.map(({ id }) => id)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(6);
  });

  it('that was refused because another node created the same takes that one', async () => {
    const store = new MemoryStore();
    const [one, other] = [node(store), node(store)];
    const [left, right] = await Promise.all([registerAll(one, ['a']), registerAll(other, ['a'])]);
    expect(left).toEqual(right);
    expect((await store.read(0)).flat()).toHaveLength(1);
  });

  it('writes nothing any more once it has stopped', async () => {
    const store = new MemoryStore();
    const registry = node(store);
    await registry.getOrCreate<'service'>([rowsFor.service('a')]);
    await registry.stop();
    await registry.getOrCreate<'service'>([rowsFor.service('b')]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await store.read(0)).toEqual([]);
  });

  it('tells that the storage fails, and asks it again when it is asked again', async () => {
    let isFull = true;
    class Full extends MemoryStore {
      override commit(version: number, commit: Commit): Promise<boolean> {
        return isFull ? Promise.reject(new Error('no space left')) : super.commit(version, commit);
      }
    }
    const registry = node(new Full());
    await registry.getOrCreate<'service'>([rowsFor.service('a')]);
    await until(() => errors.length);
    expect(errors).toEqual(['storage: no space left']);
    isFull = false;
    expect(await registerAll(registry, ['a'])).toEqual(new Map([['a', 2]]));
  });
});

describe('a directory', () => {
  it('is shared by stores that know nothing of each other', async () => {
    const directory = newFolder();
    const names = numbered('service', 40);
    const stores = await Promise.all([1, 2, 3].map(() => open(new DirectoryStore(directory))));
    const views = await Promise.all(
      stores.map(async (store) => {
        const registry = node(store);
        const view = new Map<string, number>();
        for (const name of shuffled(names)) for (const entry of await registerAll(registry, [name])) view.set(...entry);
        return view;
      }),
    );
    expectSound(views, names);
  });

  it('holds whole commits under their numbers, and nothing that was left half done', async () => {
    const directory = newFolder();
    const store = await open(new DirectoryStore(directory));
    await Promise.all(numbered('writer', 5).map((name) => store.commit(0, [row(2, name)])));
    const generation = readFileSync(path.join(directory, 'generation'), 'utf8');
    expect(readdirSync(directory).sort()).toEqual(['generation', generation].sort());
    expect(readdirSync(path.join(directory, generation))).toEqual(['000000000001']);
  });

  it('does not read the draft of a process that crashed', async () => {
    const directory = newFolder();
    const store = await open(new DirectoryStore(directory));
    const generation = readFileSync(path.join(directory, 'generation'), 'utf8');
    writeFileSync(path.join(directory, generation, '000000000001.0815'), '[{"kind":"serv');
    expect(await store.read(0)).toEqual([]);
    expect(await store.commit(0, [row(2, 'a')])).toBe(true);
  });

  it('that is cleared leaves nothing behind, and refuses those who had it open', async () => {
    const directory = newFolder();
    const [mine, theirs] = [await open(new DirectoryStore(directory)), await open(new DirectoryStore(directory))];
    const registry = node(theirs);
    await registerAll(registry, ['a', 'b']);
    await mine.clear();
    expect(readdirSync(directory)).toHaveLength(2);

    // As a real server, it goes on with what it knows, and can write no more until it is restarted.
    expect(await registerAll(registry, ['a'])).toEqual(new Map([['a', 2]]));
    await registry.getOrCreate<'service'>([rowsFor.service('c')]);
    await until(() => errors.length);
    expect(errors[0]).toMatch(/^storage: .* was cleared by another process: restart the backend$/);
    await mine.open();
    expect(await mine.read(0)).toEqual([]);
    await theirs.open();
    expect(await registerAll(node(theirs), ['d'])).toEqual(new Map([['d', 2]]));
  });

  it.each([
    ['another place', '../../precious'],
    ['the directory itself', '.'],
    ['nothing', ''],
    ['a folder of another name', 'rows'],
    ['a folder below one of its own', `rows-${randomUUID()}/../../../precious`],
  ])('whose pointer names %s is neither opened nor cleared, and nothing there is touched', async (_what, name) => {
    const directory = newFolder();
    mkdirSync(path.join(directory, 'rows'), { recursive: true });
    const precious = path.join(directory, '../../precious');
    mkdirSync(precious);
    writeFileSync(path.join(precious, 'a'), 'kept');
    const store = await open(new DirectoryStore(directory));
    writeFileSync(path.join(directory, 'generation'), name);
    const before = readdirSync(directory);
    const refusal = `${path.join(directory, 'generation')} names no folder of a storage`;
    await expect(new DirectoryStore(directory).open()).rejects.toThrow(refusal);
    await expect(store.clear()).rejects.toThrow(refusal);
    expect(readdirSync(directory)).toEqual(before);
    expect(readdirSync(precious)).toEqual(['a']);
  });

  it('whose folder is a link is not opened, and of such a one only the link is cleared', async () => {
    const directory = newFolder();
    const store = await open(new DirectoryStore(directory));
    const precious = path.join(directory, '..', 'precious');
    mkdirSync(precious);
    writeFileSync(path.join(precious, 'a'), 'kept');
    const name = `rows-${randomUUID()}`;
    symlinkSync(precious, path.join(directory, name), 'junction');
    writeFileSync(path.join(directory, 'generation'), name);
    await expect(new DirectoryStore(directory).open()).rejects.toThrow(`${path.join(directory, name)} is a link`);
    await store.clear();
    expect([readdirSync(precious), readdirSync(directory)]).toEqual([['a'], expect.not.arrayContaining([name])]);
  });

  it('is opened by many at once who all find it missing, and is one', async () => {
    const directory = newFolder();
    const stores = await Promise.all(numbered('store', 6).map(() => open(new DirectoryStore(directory))));
    await stores[0]!.commit(0, [row(2, 'a')]);
    for (const store of stores) expect(await store.read(0)).toEqual([[row(2, 'a')]]);
    expect(readdirSync(directory)).toHaveLength(2);
  });

  it('keeps what processes have written at once, of which one was killed in the middle', async () => {
    const directory = newFolder();
    const names = numbered('service', 30);
    const said: Map<string, number>[] = [];
    const children = [true, false, false].map((isKilled) => {
      const child = spawn(process.execPath, ['--require', LOADER, CHILD, directory, ...shuffled(names)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const view = new Map<string, number>();
      said.push(view);
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const lines = text.split('\n');
        text = lines.pop()!;
        for (const line of lines) {
          const [id, name] = line.split(' ');
          view.set(name!, Number(id));
        }
        // At once: a busy machine that looks now and then finds it at its end.
        if (isKilled && view.size >= 5) child.kill('SIGKILL');
      });
      return child;
    });
    const ended = children.map((child) => once(child, 'close'));
    await Promise.all(ended);
    expect(children[0]!.signalCode).toBe('SIGKILL');

    // What the others, and the one that was killed, had been told holds for whoever opens the directory next.
    const survivor = await registerAll(node(await open(new DirectoryStore(directory))), names);
    expectSound([...said, survivor], names);
    expect([said[1]!.size, said[2]!.size]).toEqual([names.length, names.length]);
  });
});
