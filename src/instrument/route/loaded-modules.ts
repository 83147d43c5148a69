import Module from 'node:module';
import { SERVER_CONNECTION, subscribeTo } from '../subscribe';
import type { Undo } from '../patch';

/** After this many connections no search is made: by then an application has loaded what it is made of. */
const MAX_CONNECTIONS = 1024;

/** A file that the application may load, and what to do with its exports. */
interface WantedModule {
  readonly file: string;
  readonly hook: (exports: unknown) => Undo;
  readonly found: Set<string>;
  readonly undos: Undo[];
}

const wanted = new Set<WantedModule>();
let stopSearching: Undo | undefined;
/** The number of modules at the last search; 0: search whatever the number is. */
let searchedModules = 0;

/**
 * Calls `hook` once for each loaded module whose path ends with `file`. Modules that an application loads by `import`
 * are found, too. The search runs when a server has a connection, so nothing is loaded by us, no loader is touched,
 * and an application without these modules pays for a few looks at the list. A module inside a bundle is not found.
 */
export function whenLoaded(file: string, hook: (exports: unknown) => Undo): Undo {
  const module: WantedModule = { file, hook, found: new Set(), undos: [] };
  wanted.add(module);
  searchedModules = 0;
  stopSearching?.();
  stopSearching = searchOnConnections();
  return () => {
    wanted.delete(module);
    if (wanted.size === 0) stopSearching?.();
    for (const undo of module.undos.splice(0)) undo();
  };
}

function searchOnConnections(): Undo {
  let connections = 0;
  const stop = subscribeTo(SERVER_CONNECTION, () => {
    if (++connections >= MAX_CONNECTIONS) stop();
    // Often while the application starts, and rarely afterwards.
    if (connections <= 16 || connections % 64 === 0) search();
  });
  return stop;
}

function search(): void {
  try {
    const { _cache: cache } = Module as unknown as { _cache: Readonly<Record<string, { exports?: unknown }>> };
    const files = Object.keys(cache);
    if (files.length === searchedModules) return;
    searchedModules = files.length;
    for (const file of files) {
      for (const module of wanted) {
        if (!file.endsWith(module.file) || module.found.has(file)) continue;
        module.found.add(file);
        module.undos.push(module.hook(cache[file]?.exports));
      }
    }
  } catch {
    // Not the module that we know: its requests are named by their paths. A subscriber that throws ends the process.
  }
}
