import { whenLoaded } from '../loaded-modules';
import { noteRoute } from './route';
import { patch, type Patched, type Undo } from '../patch';
import { SCOPE, type Scoped } from '../scoped';

interface HapiRequest {
  readonly raw: { readonly req: Scoped };
  readonly route?: { readonly method?: unknown; readonly path?: unknown };
}

type Execute = (this: HapiRequest, ...args: unknown[]) => unknown;

/** Hapi knows the route on a request of its own only, and nothing leads there from Node's request. */
export function hapiRoutes(): Undo {
  return whenLoaded('hapi/lib/request.js', (exports) =>
    patch<Execute>((exports as { readonly prototype: object }).prototype, '_execute', execute),
  );
}

function execute(layer: Patched<Execute>): Execute {
  return function _execute(...args) {
    const { req } = this.raw;
    if (layer.isOn && req[SCOPE] !== undefined) noteRoute(req, () => routeOf(this));
    return layer.below.apply(this, args);
  };
}

/** Where no route of the application matches, hapi answers by a route of its own. */
function routeOf({ route }: HapiRequest): string | undefined {
  return route?.method !== '_special' && typeof route?.path === 'string' ? route.path : undefined;
}
