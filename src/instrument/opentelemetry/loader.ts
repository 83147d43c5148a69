import { existsSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import { ALL_INSTRUMENTATIONS, configurationOf, isWanted, librariesOf } from './packages';
import { ApiSpan } from './spans';
import { propertyOf } from './span-context';
import { isLoadingOwn } from '../../base/lazy';
import { errorMessage } from '../../base/text';
import { Span } from '../../model/segment';
import { patch, type Patched, type Undo } from '../patch';
import type { Log } from '../../base/log';

interface LoaderOptions {
  /** Where the application's packages are found from, the nearest first. */
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Packages of instrumentations whose work our own trace. */
  readonly tracedByUs: ReadonlySet<string>;
  /** Why a file must not be loaded: another user may have put it there. `undefined`: it may be. */
  readonly ruleBrokenBy: (file: string) => string | undefined;
  readonly log: Log;
  /** The application has made a client of Kafka's, which connects to these. */
  readonly onBrokers: (brokers: readonly string[]) => void;
}

interface Instrumentation {
  enable?(): void;
  disable?(): void;
}

type Require = (this: unknown, id: unknown) => unknown;
type Load = (this: unknown, request: unknown, parent: unknown, isMain: unknown) => unknown;
type Resolve = (id: string) => Place;

/** Where a package is installed. */
interface Place {
  /** The folder as it was found; it may be a link. */
  readonly folder: string;
  /** What is loaded, by its real path. */
  readonly file: string;
}

const NodeModule = Module as unknown as {
  readonly prototype: object;
  readonly _cache: Readonly<Record<string, { exports: unknown } | undefined>>;
};
const DOT = 0x2e;
const NODE_MODULES = `${path.sep}node_modules${path.sep}`;

/**
 * Loads each instrumentation of OpenTelemetry's that the application has installed when its library is first loaded, and
 * not before: most of them are never needed in a process, and each costs some 30 ms. While there is none to be loaded any
 * more, or none was there, `require` is as it was.
 */
export class InstrumentationLoader {
  /** Packages that are loaded, as they were. */
  readonly loaded: string[] = [];
  private readonly instrumentations: Instrumentation[] = [];
  /** By library, or by a scope of libraries with its slash: the instrumentations that wait for it, by name. */
  private readonly wanted = new Map<string, Map<string, Place>>();
  private readonly anchor = new Module('skyanchor');
  private undos: Undo[] = [];
  private unwatchKafka: Undo | undefined;

  constructor(private readonly options: LoaderOptions) {
    const resolvers = options.folders.map((folder) => resolverFrom(path.join(folder, 'package.json')));
    for (const name of options.packages) this.find(name, resolvers);
    if (this.wanted.size === 0) return;
    this.undos = [
      patch<Require>(NodeModule.prototype, 'require', (layer) => requirePatch(layer, this)),
      patch<Load>(NodeModule, '_load', (layer) => loadPatch(layer, this)),
    ];
  }

  /** Takes everything back. */
  stop(): void {
    this.unpatch();
    this.unwatchKafka?.();
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
    for (const [name, place] of found) this.load(name, place);
    if (this.wanted.size === 0) this.unpatch();
    return true;
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
      `an instrumentation of OpenTelemetry's failed: ${errorMessage(error)}`,
      'opentelemetry load',
    );
  }

  private find(name: string, resolvers: readonly Resolve[]): void {
    for (const resolve of resolvers) {
      try {
        const place = resolve(name);
        if (name !== ALL_INSTRUMENTATIONS) this.want(name, place);
        else if (this.mayLoad(name, place)) this.findAll(place.file);
        return;
      } catch {
        // Named, and not installed here.
      }
    }
  }

  private findAll(file: string): void {
    const fromThere = createRequire(file);
    const { dependencies = {} } = fromThere(`${ALL_INSTRUMENTATIONS}/package.json`) as { dependencies?: object };
    for (const name of Object.keys(dependencies))
      if (isWanted(name) && !this.options.tracedByUs.has(name)) this.find(name, [resolverFrom(file)]);
  }

  private want(name: string, place: Place): void {
    for (const library of librariesOf(name)) {
      const places = this.wanted.get(library) ?? new Map<string, Place>();
      this.wanted.set(library, places.set(name, place));
    }
  }

  /** A package that is named and not installed is looked for up to the root: in `/tmp`, any user may have put one. */
  private mayLoad(name: string, { folder, file }: Place): boolean {
    for (const one of [folder, file]) {
      const rule = this.options.ruleBrokenBy(one);
      if (rule === undefined) continue;
      this.options.log.warn(`${name} is not loaded: ${one} ${rule}`);
      return false;
    }
    return true;
  }

  private load(name: string, place: Place): void {
    if (this.loaded.includes(name) || !this.mayLoad(name, place)) return;
    const { file } = place;
    this.loaded.push(name);
    try {
      const exported = createRequire(file)(file) as Record<string, unknown>;
      const made = Object.entries(exported).find(
        ([key, value]) => key.endsWith('Instrumentation') && isClass(value),
      )?.[1];
      if (made === undefined) return;
      const instrumentation = new (made as new (config: object) => Instrumentation)(configurationOf(name, putIds));
      this.instrumentations.push(instrumentation);
      if (name.endsWith('-kafkajs')) this.watchKafka();
      this.options.log.debug(`loaded ${name}`);
    } catch (error) {
      this.complain(error);
    }
  }

  /** The spans of Kafka do not say where they go, so we look what its clients are made with. */
  private watchKafka(): void {
    const { onBrokers } = this.options;
    this.unwatchKafka = patch<Require>(NodeModule.prototype, 'require', (layer) => {
      return function require(id) {
        const exported = layer.below.call(this, id);
        if (layer.isOn && typeof id === 'string' && libraryOf(id) === 'kafkajs') {
          try {
            patchKafka(exported, onBrokers);
          } catch {
            // Its exports take no change: spans of Kafka go to `kafka`.
          }
        }
        return exported;
      };
    });
  }

  private unpatch(): void {
    for (const undo of this.undos.splice(0)) undo();
  }
}

function requirePatch(layer: Patched<Require>, loader: InstrumentationLoader): Require {
  return function require(id) {
    // What was loaded has patched this method, too, so that it is asked from the start.
    if (layer.isOn && typeof id === 'string' && loader.prepare(id))
      return Module.prototype.require.call(this, id) as unknown;
    return layer.below.call(this, id);
  };
}

function loadPatch(layer: Patched<Load>, loader: InstrumentationLoader): Load {
  return function _load(request, parent, isMain) {
    // By `import`, a CommonJS file is loaded from nowhere, by its path.
    const isImported = parent === undefined && isMain !== true && typeof request === 'string' && layer.isOn;
    if (!isImported || !loader.prepare(request)) return layer.below.call(this, request, parent, isMain);
    const exports = layer.below.call(this, request, parent, isMain);
    try {
      return loader.show(request, exports);
    } catch (error) {
      loader.complain(error);
      return exports;
    }
  };
}

function resolverFrom(file: string): Resolve {
  const { resolve } = createRequire(file);
  return (id) => {
    const found = resolve(id);
    const folder = resolve
      .paths(id)
      ?.map((modules) => path.join(modules, id))
      .find(existsSync);
    // With Yarn's Plug'n'Play there are no folders.
    return { folder: folder ?? found, file: found };
  };
}

/** The package that a module is of, by the name or the path that it is loaded by; `undefined`: it is one of the same package, or Node's. */
function libraryOf(id: string): string | undefined {
  if (id.charCodeAt(0) === DOT) return undefined;
  let name = id;
  if (path.isAbsolute(id)) {
    const at = id.lastIndexOf(NODE_MODULES);
    if (at === -1) return undefined;
    name = id.slice(at + NODE_MODULES.length).replaceAll(path.sep, '/');
  }
  const slash = name.indexOf('/', name.startsWith('@') ? name.indexOf('/') + 1 : 0);
  return slash === -1 ? name : name.slice(0, slash);
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
