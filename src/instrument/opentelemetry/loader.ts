import Module from 'node:module';
import path from 'node:path';
import { GuardedLookup, type GuardedLookupOptions } from './guarded-lookup';
import { ALL_INSTRUMENTATIONS, configurationOf, isWanted, librariesOf, libraryOf } from './packages';
import { ApiSpan } from './spans';
import { propertyOf } from './span-context';
import { isLoadingOwn } from '../../base/lazy';
import { errorMessage, printable } from '../../base/text';
import { Span } from '../../model/segment';
import { patch, type Patched, type Undo } from '../patch';
import type { Log } from '../../base/log';

interface LoaderOptions extends GuardedLookupOptions {
  /** Where the application's packages are found from, the nearest first. */
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Packages of instrumentations whose work our own trace. */
  readonly tracedByUs: ReadonlySet<string>;
  readonly log: Log;
  /** The application has made a client of Kafka's, which connects to these. */
  readonly onBrokers: (brokers: readonly string[]) => void;
}

interface Instrumentation {
  enable?(): void;
  disable?(): void;
}

type Require = (this: unknown, id: unknown) => unknown;
type Load = (this: unknown, request: unknown, parent: unknown, isMain: unknown, ...more: unknown[]) => unknown;
const NodeModule = Module as unknown as {
  readonly prototype: object;
  readonly _cache: Readonly<Record<string, { exports: unknown } | undefined>>;
};

/**
 * Loads each instrumentation of OpenTelemetry's that the application has installed when its library is first loaded, and
 * not before: most of them are never needed in a process, and each costs some 30 ms. While there is none to be loaded any
 * more, or none was there, `require` is as it was, unless that of Kafka's is loaded.
 */
export class InstrumentationLoader {
  /** Packages that are loaded, as they were. */
  readonly loaded: string[] = [];
  private readonly instrumentations: Instrumentation[] = [];
  /** By library, or by a scope of libraries with its slash: the instrumentations that wait for it, by name, with the file of each. */
  private readonly wanted = new Map<string, Map<string, string>>();
  private readonly lookup: GuardedLookup;
  private readonly anchor = new Module('skyanchor');
  private readonly undoRequire: Undo | undefined;
  private readonly undoLoad: Undo | undefined;
  /** The spans of Kafka do not say where they go, so we look what its clients are made with. */
  private isKafkaWatched = false;

  constructor(private readonly options: LoaderOptions) {
    this.lookup = new GuardedLookup(options);
    const files = options.folders.map((folder) => path.join(folder, 'package.json'));
    this.lookup.run(() => {
      for (const name of options.packages) this.find(name, files);
    });
    if (this.wanted.size === 0) return;
    this.undoRequire = patch<Require>(NodeModule.prototype, 'require', (layer) => requirePatch(layer, this));
    this.undoLoad = patch<Load>(NodeModule, '_load', (layer) => loadPatch(layer, this));
  }

  /** Takes everything back. */
  stop(): void {
    this.wanted.clear();
    this.isKafkaWatched = false;
    this.unpatchUnneeded();
    for (const instrumentation of this.instrumentations.splice(0)) {
      try {
        instrumentation.disable?.();
      } catch (error) {
        this.complain(error);
      }
    }
  }

  /** A module is about to be loaded. @returns whether an instrumentation for it has been loaded first */
  prepare(id: string): boolean {
    const library = libraryOf(id);
    if (library === undefined) return false;
    const scope = library.startsWith('@') ? library.slice(0, library.indexOf('/') + 1) : '';
    const found = this.wanted.get(library) ?? this.wanted.get(scope);
    if (found === undefined || isLoadingOwn()) return false;
    this.wanted.delete(library);
    this.wanted.delete(scope);
    for (const [name, file] of found) this.load(name, file);
    this.unpatchUnneeded();
    return true;
  }

  /** A module has been required. */
  watch(id: string, exported: unknown): void {
    if (!this.isKafkaWatched || libraryOf(id) !== 'kafkajs') return;
    try {
      patchKafka(exported, this.options.onBrokers);
    } catch {
      // Its exports take no change: spans of Kafka go to `kafka`.
    }
  }

  /** What was loaded by `import`, which goes past every `require`, is shown to the hooks of instrumentations. */
  show(file: string, exports: unknown): unknown {
    const shown: unknown = Module.prototype.require.call(this.anchor, file);
    const cached = NodeModule._cache[file];
    if (cached && shown !== exports) cached.exports = shown;
    return shown;
  }

  complain(error: unknown): void {
    this.options.log.error(
      `an instrumentation of OpenTelemetry's failed: ${printable(errorMessage(error))}`,
      'opentelemetry load',
    );
  }

  /** @param from the files that would require it, the nearest first */
  private find(name: string, from: readonly string[]): void {
    for (const requirer of from) {
      try {
        const file = this.lookup.requireFrom(requirer).resolve(name);
        if (name === ALL_INSTRUMENTATIONS) this.findAll(file);
        else this.want(name, file);
        return;
      } catch {
        // Named, and not installed here.
      }
    }
  }

  private findAll(file: string): void {
    const { dependencies = {} } = this.lookup.requireFrom(file)(packageJsonOf(file)) as { dependencies?: object };
    for (const name of Object.keys(dependencies))
      if (isWanted(name) && !this.options.tracedByUs.has(name)) this.find(name, [file]);
  }

  private want(name: string, file: string): void {
    for (const library of librariesOf(name)) {
      const files = this.wanted.get(library) ?? new Map<string, string>();
      this.wanted.set(library, files.set(name, file));
    }
  }

  private load(name: string, file: string): void {
    if (this.loaded.includes(name) || !this.lookup.mayLoad(name, file)) return;
    this.loaded.push(name);
    try {
      this.lookup.run(() => this.enable(name, this.lookup.requireFrom(file)(file) as Record<string, unknown>));
    } catch (error) {
      this.complain(error);
    }
  }

  private enable(name: string, exported: Record<string, unknown>): void {
    const made = Object.entries(exported).find(
      ([key, value]) => key.endsWith('Instrumentation') && isClass(value),
    )?.[1];
    if (made === undefined) return;
    const instrumentation = new (made as new (config: object) => Instrumentation)(configurationOf(name, putIds));
    this.instrumentations.push(instrumentation);
    this.isKafkaWatched ||= name.endsWith('-kafkajs');
    this.options.log.debug(`loaded ${name}`);
  }

  private unpatchUnneeded(): void {
    if (this.wanted.size > 0) return;
    this.undoLoad?.();
    if (!this.isKafkaWatched) this.undoRequire?.();
  }
}

function requirePatch(layer: Patched<Require>, loader: InstrumentationLoader): Require {
  return function require(id) {
    if (!layer.isOn || typeof id !== 'string') return layer.below.call(this, id);
    // What was loaded has patched this method, too, so that it is asked from the start.
    if (loader.prepare(id)) return Module.prototype.require.call(this, id) as unknown;
    const exported = layer.below.call(this, id);
    loader.watch(id, exported);
    return exported;
  };
}

function loadPatch(layer: Patched<Load>, loader: InstrumentationLoader): Load {
  // Newer versions of Node.js hand over more: whether an application's hooks have run already.
  return function _load(request, parent, isMain, ...more) {
    // By `import`, a CommonJS file is loaded from nowhere, by its path.
    const isImported = parent === undefined && isMain !== true && typeof request === 'string' && layer.isOn;
    if (!isImported || !loader.prepare(request)) return layer.below.call(this, request, parent, isMain, ...more);
    const exports = layer.below.call(this, request, parent, isMain, ...more);
    try {
      return loader.show(request, exports);
    } catch (error) {
      loader.complain(error);
      return exports;
    }
  };
}

/** The package.json of the package that has all instrumentations: by its path, as newer ones do not export it; by name where a link led out of any `node_modules`. */
function packageJsonOf(file: string): string {
  const folder = path.normalize(`/${ALL_INSTRUMENTATIONS}/`);
  const at = file.lastIndexOf(folder);
  return `${at === -1 ? `${ALL_INSTRUMENTATIONS}/` : file.slice(0, at + folder.length)}package.json`;
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && typeof (value.prototype as Instrumentation | undefined)?.enable === 'function';
}

/** SkyWalking's own ids, by which a line of a log leads to its trace. */
function putIds(span: unknown, record: Record<string, unknown>): void {
  const scope = span instanceof ApiSpan ? span.scope : undefined;
  if (!(scope instanceof Span)) return;
  record['trace_id'] = scope.segment.traceId.toString();
  record['span_id'] = `${scope.segment.segmentId.toString()}-${scope.spanId}`;
}

const WATCHED = Symbol('skyanchor.brokers');

function patchKafka(exported: unknown, onBrokers: LoaderOptions['onBrokers']): void {
  const owner = exported as { Kafka?: unknown; [WATCHED]?: true };
  const { Kafka } = owner;
  if (typeof Kafka !== 'function' || owner[WATCHED]) return;
  owner[WATCHED] = true;
  owner.Kafka = new Proxy(Kafka as new (...args: unknown[]) => object, {
    construct(target, args, newTarget) {
      const brokers = propertyOf(args[0], 'brokers');
      if (Array.isArray(brokers)) onBrokers(brokers.filter((broker) => typeof broker === 'string'));
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
}
