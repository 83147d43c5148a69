import Module from 'node:module';
import path from 'node:path';
import { subscribeTo } from '../subscribe';
import { patch, type Patched, type Undo } from '../patch';
import { noteRoute } from './route';
import { SCOPE, type Scoped } from '../scoped';

type Method<T, A extends unknown[], R> = (this: T, ...args: A) => R;

/** What koa's routers leave on koa's own context. */
interface KoaContext {
  readonly _matchedRoute?: unknown;
}

interface HapiRequest {
  readonly raw: { readonly req: Scoped };
  readonly route?: { readonly method?: unknown; readonly path?: unknown };
}

/** A server's connection, before there is a request on it. */
const CONNECTED = 'net.server.socket';
/** At so many connections we look for more; by then an application has loaded what it is made of. */
const MOST_CONNECTIONS = 1024;

/** Files that an application has loaded, and how their requests tell Node's request of themselves. */
const FRAMEWORKS: readonly { readonly file: string; readonly hook: (exports: unknown) => Undo }[] = [
  { file: path.join('koa', 'lib', 'application.js'), hook: koa },
  { file: path.join('hapi', 'lib', 'request.js'), hook: hapi },
];

/**
 * Koa and hapi know the route on a request of their own kind only, and nothing leads there from Node's. They are found
 * among the modules that the application has loaded, which have both also where it imports them: so nothing is loaded
 * by us and no loader is touched, and who uses neither pays for a few looks at the modules. One within a bundle is not found.
 */
export function frameworkRoutes(): Undo {
  const found = new Set<string>();
  const undos: Undo[] = [];
  let connections = 0;
  let modules = 0;
  const unheard = subscribeTo(CONNECTED, () => {
    if (++connections >= MOST_CONNECTIONS) unheard();
    // Often while it starts, and rarely afterwards.
    if (connections <= 16 || connections % 64 === 0) search();
  });

  function search(): void {
    try {
      const { _cache: cache } = Module as unknown as { _cache: Readonly<Record<string, { exports?: unknown }>> };
      const files = Object.keys(cache);
      if (files.length === modules) return;
      modules = files.length;
      for (const file of files) {
        const framework = FRAMEWORKS.find((one) => file.endsWith(one.file));
        if (framework === undefined || found.has(file)) continue;
        found.add(file);
        undos.push(framework.hook(cache[file]?.exports));
      }
    } catch {
      // Of another kind than we know: its requests are named by their paths. Thrown, it would end the process.
    }
  }

  return () => {
    unheard();
    for (const undo of undos) undo();
  };
}

function prototypeOf(exports: unknown): object {
  return (exports as { readonly prototype: object }).prototype;
}

function koa(exports: unknown): Undo {
  type Create = Method<unknown, [Scoped, ...unknown[]], KoaContext>;
  return patch<Create>(prototypeOf(exports), 'createContext', (layer: Patched<Create>): Create => {
    return function createContext(request, ...more) {
      const koaContext = layer.below.call(this, request, ...more);
      if (layer.isOn && request[SCOPE] !== undefined) noteRoute(request, () => koaRoute(koaContext));
      return koaContext;
    };
  });
}

function koaRoute({ _matchedRoute: route }: KoaContext): string | undefined {
  return typeof route === 'string' || route instanceof RegExp ? String(route) : undefined;
}

function hapi(exports: unknown): Undo {
  type Execute = Method<HapiRequest, unknown[], unknown>;
  return patch<Execute>(prototypeOf(exports), '_execute', (layer: Patched<Execute>): Execute => {
    return function _execute(...args) {
      const { req } = this.raw;
      if (layer.isOn && req[SCOPE] !== undefined) noteRoute(req, () => hapiRoute(this));
      return layer.below.apply(this, args);
    };
  });
}

/** Where nothing else does, a route of hapi's own answers. */
function hapiRoute({ route }: HapiRequest): string | undefined {
  return route?.method !== '_special' && typeof route?.path === 'string' ? route.path : undefined;
}
