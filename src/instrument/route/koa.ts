import { whenLoaded } from '../loaded-modules';
import { noteRoute } from './route';
import { patch, type Patched, type Undo } from '../patch';
import { SCOPE, type Scoped } from '../scoped';

/** What koa's routers leave on koa's own context. */
interface KoaContext {
  readonly _matchedRoute?: unknown;
}

type CreateContext = (this: unknown, request: Scoped, ...more: unknown[]) => KoaContext;

/** Koa knows the route on a context of its own only, and nothing leads there from Node's request. */
export function koaRoutes(): Undo {
  return whenLoaded('koa/lib/application.js', (exports) =>
    patch<CreateContext>((exports as { readonly prototype: object }).prototype, 'createContext', createContext),
  );
}

function createContext(layer: Patched<CreateContext>): CreateContext {
  return function createContext(request, ...more) {
    const koaContext = layer.below.call(this, request, ...more);
    if (layer.isOn && request[SCOPE] !== undefined) noteRoute(request, () => routeIn(koaContext));
    return koaContext;
  };
}

function routeIn({ _matchedRoute: route }: KoaContext): string | undefined {
  return typeof route === 'string' || route instanceof RegExp ? String(route) : undefined;
}
