import path from 'node:path';
import { guardedLookup } from './lazy';
import { whenLoaded } from '../loaded-modules';
import { patch, together, type Patched, type Undo } from '../patch';
import { Layer } from '../../model/components';
import { Span } from '../../model/segment';
import { context } from '../../tracing/context';
import type { InstrumentOptions } from '../options';
import type { Tracer } from '../../tracing/tracer';

/** What hono registers for a path: `use` and `all` have the method `ALL`. */
interface HonoRoute {
  readonly method?: unknown;
  readonly path?: unknown;
}

type Match = (this: Router, method: unknown, path: unknown) => unknown;

interface Router {
  match: Match;
}

/** The router that chooses another, in each of hono's two builds; `hono/tiny` has none. */
const COMMONJS = 'dist/cjs/router/smart-router/router.js';
const MODULE = 'dist/router/smart-router/router.js';

/**
 * Hono keeps its route to itself, and nothing leads to it from Node's request, so its router is watched. Most import hono
 * as a module, and nothing says when that is loaded: where package.json names hono, this one file of it is loaded by
 * us, the same that the application will have.
 */
export function honoRoutes(tracer: Tracer, options: InstrumentOptions): Undo {
  const hook = (exports: unknown): Undo => {
    const { SmartRouter } = exports as { readonly SmartRouter: { readonly prototype: object } };
    return patch<Match>(SmartRouter.prototype, 'match', (layer) => firstMatch(layer, tracer));
  };
  const undo = whenLoaded(`hono/${COMMONJS}`, hook);
  try {
    const exports = moduleOf(options);
    return exports === undefined ? undo : together([undo, hook(exports)]);
  } catch {
    // Not installed, or it cannot be loaded so: its requests are called by their paths.
    return undo;
  }
}

function moduleOf({ packages, log }: InstrumentOptions): unknown {
  if (packages?.names.includes('hono') !== true) return undefined;
  const { folders, loadRules } = packages;
  const lookup = new (guardedLookup().GuardedLookup)({ loadRules, log });
  return lookup.run((): unknown => {
    for (const folder of folders) {
      const main = mainOf(lookup.requireFrom(path.join(folder, 'package.json')));
      if (main === undefined) continue;
      const file = path.join(main.slice(0, main.lastIndexOf(`${path.sep}dist${path.sep}`)), MODULE);
      return lookup.mayLoad('hono', file) ? lookup.requireFrom(file)(file) : undefined;
    }
    return undefined;
  });
}

function mainOf(from: NodeJS.Require): string | undefined {
  try {
    return from.resolve('hono');
  } catch {
    // Not installed here, or where another user may have put it.
    return undefined;
  }
}

/** With the first request the router chooses another one, and has that one's method in the place of its own. */
function firstMatch(layer: Patched<Match>, tracer: Tracer): Match {
  return function match(method, at) {
    const found = layer.below.call(this, method, at);
    if (!layer.isOn) return found;
    name(found, tracer);
    if (Object.hasOwn(this, 'match')) {
      const { match: chosen } = this;
      this.match = function (nextMethod, next) {
        const result = chosen.call(this, nextMethod, next);
        if (layer.isOn) name(result, tracer);
        return result;
      };
    }
    return found;
  };
}

function name(found: unknown, tracer: Tracer): void {
  try {
    const scope = context.getStore();
    const entry = scope instanceof Span ? scope.segment.entry : undefined;
    // An application may ask itself, in the middle of a request that has its name.
    if (entry?.layer !== Layer.http || entry !== scope) return;
    const route = routeIn(found);
    if (route !== undefined) tracer.rename(entry, route);
  } catch {
    // Not what hono finds.
  }
}

/** The first handler answers; what is in front of it passes on, and stands for all methods and mostly for many paths. */
function routeIn(found: unknown): string | undefined {
  const [handlers] = found as readonly [readonly (readonly [readonly [unknown, HonoRoute], unknown])[]];
  let others: string | undefined;
  for (const [[, { method, path: pattern }]] of handlers) {
    if (typeof pattern !== 'string' || pattern === '*' || pattern === '/*') continue;
    if (method !== 'ALL' && !pattern.endsWith('*')) return pattern;
    if (method !== 'ALL' || !pattern.endsWith('*')) others ??= pattern;
  }
  return others;
}
