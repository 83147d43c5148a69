import { existsSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import { libraryOf } from './packages';
import { patch, together, type Patched } from '../patch';
import type { RuleOf } from '../options';
import type { Log } from '../../base/log';

export interface GuardedLookupOptions {
  /** For what is loaded in one go: why a file must not be, as another user may have put it there. `undefined`: it may be. */
  readonly loadRules: () => RuleOf;
  readonly log: Pick<Log, 'warn'>;
}

const FORMS = ['', '.js', '.json', '.node'];

// With what a version of Node.js hands over besides: whether it is the main module, options, the conditions of an application's hooks.
type Resolve = (this: unknown, request: unknown, parent: unknown, ...more: unknown[]) => unknown;
type Find = (this: unknown, request: unknown, folders: unknown, ...more: unknown[]) => unknown;

/**
 * How Node finds a package that is not installed: it looks in `node_modules` up to the root, in `NODE_PATH` and in the home
 * directory, and any user may have put one into `/tmp/node_modules`. To load an instrumentation, or a library before the
 * application does, is our wish and not the application's; so while one is looked for or loaded, what breaks a rule there is
 * as good as absent, for it and for all that it requires. Node does not even read a package.json there, which may be a pipe
 * or as large as the disk, except for a name that an instrumentation maps to a package in the `imports` of its own
 * package.json: Node looks for that one in another way.
 */
export class GuardedLookup {
  /** Files whose `require` is guarded: those that we require from, and what is found for them. Others, as a compiler of the application's, find what they always do. */
  private readonly requirers = new Set<string>();
  /** `undefined`: nothing is being loaded. */
  private ruleOf: RuleOf | undefined;
  private isGuarded = false;

  constructor(private readonly options: GuardedLookupOptions) {}

  /** The `require` of a file, which is guarded during `run`. */
  requireFrom(file: string): NodeJS.Require {
    this.requirers.add(file);
    return createRequire(file);
  }

  run<T>(load: () => T): T {
    // What is loaded may need a library that another instrumentation waits for.
    if (this.ruleOf) return load();
    this.ruleOf = this.options.loadRules();
    const undo = together([
      patch<Resolve>(Module, '_resolveFilename', (layer) => resolvePatch(layer, this), '.guard'),
      patch<Find>(Module, '_findPath', (layer) => findPatch(layer, this)),
    ]);
    try {
      return load();
    } finally {
      undo();
      this.ruleOf = undefined;
    }
  }

  mayLoad(request: string, file: string): boolean {
    const rule = this.ruleBrokenBy(file);
    if (rule !== undefined) this.refuse(request, file, rule);
    return rule === undefined;
  }

  /** Runs one lookup, guarded or not. */
  resolve(request: unknown, parent: unknown, resolve: () => unknown): unknown {
    const before = this.isGuarded;
    this.isGuarded = this.isRequirer(parent);
    try {
      const found = resolve();
      if (this.isGuarded && typeof found === 'string' && path.isAbsolute(found)) this.admit(String(request), found);
      return found;
    } finally {
      this.isGuarded = before;
    }
  }

  /** One folder at a time: those behind the one where it is found are not looked at, as Node does not look at them. */
  find(request: unknown, folders: unknown, find: (folders: unknown) => unknown): unknown {
    const name = this.isGuarded && typeof request === 'string' ? packageOf(request) : undefined;
    if (name === undefined || !Array.isArray(folders)) return find(folders);
    for (const folder of folders as readonly unknown[]) {
      if (typeof folder !== 'string' || !this.mayLookIn(folder, name)) continue;
      const found = find([folder]);
      if (found) return found;
    }
    return false;
  }

  /** A folder that is not there is left out: by the time that Node looks, another user may have made it. */
  private mayLookIn(folder: string, name: string): boolean {
    if (!existsSync(folder)) return false;
    // With it, the folder that it lies in.
    const manifest = path.resolve(folder, name, 'package.json');
    const rule = this.ruleBrokenBy(manifest);
    // What is refused may be a folder or a single file.
    if (rule !== undefined && FORMS.some((form) => existsSync(path.join(folder, name + form))))
      this.refuse(name, manifest, rule);
    return rule === undefined;
  }

  private admit(request: string, file: string): void {
    if (!this.mayLoad(request, file))
      throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
    this.requirers.add(file);
  }

  private isRequirer(parent: unknown): boolean {
    const filename = (parent as { filename?: unknown } | null | undefined)?.filename;
    return typeof filename === 'string' && this.requirers.has(filename);
  }

  private refuse(request: string, place: string, rule: string): void {
    this.options.log.warn(`${request} is not loaded: ${place} ${rule}`);
  }

  private ruleBrokenBy(file: string): string | undefined {
    return (this.ruleOf ?? this.options.loadRules())(file);
  }
}

function resolvePatch(layer: Patched<Resolve>, guard: GuardedLookup): Resolve {
  return function _resolveFilename(request, parent, ...more) {
    const resolve = (): unknown => layer.below.call(this, request, parent, ...more);
    return layer.isOn ? guard.resolve(request, parent, resolve) : resolve();
  };
}

function findPatch(layer: Patched<Find>, guard: GuardedLookup): Find {
  return function _findPath(request, folders, ...more) {
    const find = (places: unknown): unknown => layer.below.call(this, request, places, ...more);
    return layer.isOn ? guard.find(request, folders, find) : find(folders);
  };
}

/** @returns undefined: it is looked for at one place only */
function packageOf(request: string): string | undefined {
  return path.isAbsolute(request) ? undefined : libraryOf(request);
}
