import Module from 'node:module';
import path from 'node:path';
import { patch, together, type Patched, type Undo } from './patch';
import { SERVER_CONNECTION, subscribeTo } from './subscribe';

/** After this many connections no search is made: by then an application has loaded what it is made of. */
const MAX_CONNECTIONS = 1024;

/** A file that the application may load, and what to do with its exports. */
interface WantedModule {
  /** The end of its path, from a separator on. */
  readonly file: string;
  readonly hook: (exports: unknown) => Undo;
  readonly found: Set<string>;
  readonly undos: Undo[];
}

interface LoadedModule {
  readonly exports?: unknown;
  readonly loaded?: unknown;
}

type Resolve = (this: unknown, request: unknown, parent: unknown, isMain: unknown, ...more: unknown[]) => unknown;

const loader = Module as unknown as { readonly _cache: Readonly<Record<string, LoadedModule | undefined>> };
const wanted = new Set<WantedModule>();
/** Files that were found and are not loaded yet, which is when their name is looked up. */
const loading = new Map<string, WantedModule>();
let stopLooking: Undo | undefined;
/** The number of modules at the last search; 0: search whatever the number is. */
let searchedModules = 0;

/**
 * Calls `hook` once for each loaded module whose path ends with `file`, when the application looks up the next one: before
 * it can use what it has loaded, as a rule. Modules that it loads by `import` are found, too, if they are CommonJS. Nothing
 * is loaded by us, nothing of ours is on the stack while a module runs, and an application without these modules pays for
 * a look at each name. A module inside a bundle is not found.
 * @param file with `/`, from the folder of the package on: `pg/lib/client.js`
 */
export function whenLoaded(file: string, hook: (exports: unknown) => Undo): Undo {
  const module: WantedModule = { file: path.join(path.sep, file), hook, found: new Set(), undos: [] };
  wanted.add(module);
  stopLooking ??= lookForModules();
  searchedModules = 0;
  search();
  return () => {
    wanted.delete(module);
    for (const [name, { hook: own }] of loading) if (own === hook) loading.delete(name);
    if (wanted.size === 0) {
      stopLooking?.();
      stopLooking = undefined;
    }
    for (const undo of module.undos.splice(0)) undo();
  };
}

function lookForModules(): Undo {
  return together([patch<Resolve>(Module, '_resolveFilename', resolveFilename), searchOnConnections()]);
}

/** The stack has this function where a module is not found, and only there: it has returned before the module runs. */
function resolveFilename(layer: Patched<Resolve>): Resolve {
  // Newer versions of Node.js hand over more: options, the conditions of an application's hooks.
  return function (request, parent, isMain, ...more) {
    const found = layer.below.call(this, request, parent, isMain, ...more);
    if (layer.isOn) noteLookup(found);
    return found;
  };
}

function noteLookup(file: unknown): void {
  if (loading.size > 0) takeLoaded();
  if (typeof file !== 'string') return;
  for (const module of wanted) {
    if (!file.endsWith(module.file) || module.found.has(file)) continue;
    // The last module that a script requires is not followed by another.
    if (loading.size === 0) queueMicrotask(takeIfLoaded);
    loading.set(file, module);
  }
}

function takeLoaded(): void {
  for (const [file, module] of loading) {
    const known = loader._cache[file];
    if (known?.loaded === true) take(module, file, known);
  }
}

function takeIfLoaded(): void {
  try {
    takeLoaded();
  } catch {
    // A cache of the application's own.
  }
}

function take(module: WantedModule, file: string, { exports }: LoadedModule): void {
  loading.delete(file);
  module.found.add(file);
  try {
    module.undos.push(module.hook(exports));
  } catch {
    // Not the module that we know: it stays as it is.
  }
}

/**
 * For what a loader of the application's brings, which asks nothing for names. A search runs when a server has a
 * connection: often while the application starts, and rarely afterwards.
 */
function searchOnConnections(): Undo {
  let connections = 0;
  const connected = (): void => {
    if (++connections >= MAX_CONNECTIONS) stop();
    if (connections <= 16 || connections % 64 === 0) search();
  };
  const stop = subscribeTo(SERVER_CONNECTION, connected, 'modules');
  return stop;
}

function search(): void {
  try {
    const files = Object.keys(loader._cache);
    if (files.length === searchedModules) return;
    searchedModules = files.length;
    for (const file of files) {
      for (const module of wanted) if (file.endsWith(module.file) && !module.found.has(file)) loading.set(file, module);
    }
    takeLoaded();
  } catch {
    // A cache of the application's own. A subscriber that throws ends the process.
  }
}
