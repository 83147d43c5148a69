import { whenLoaded } from '../loaded-modules';
import { patch, type Patched, type Undo } from '../patch';
import type { LineHooks } from './line-hooks';

/** What winston hands to its formats and transports. */
interface Info {
  message?: unknown;
  [field: string | symbol]: unknown;
}

type Write = (this: unknown, info: unknown, ...rest: unknown[]) => unknown;

/** Version 3. The loggers that `child` makes write by the one that they are of. */
export function winston(hooks: LineHooks): Undo {
  return whenLoaded('winston/lib/winston/logger.js', (exports) =>
    patch<Write>((exports as { readonly prototype: object }).prototype, 'write', (layer) => write(layer, hooks)),
  );
}

function write(layer: Patched<Write>, hooks: LineHooks): Write {
  return function write(info, ...rest) {
    if (!layer.isOn || typeof info !== 'object' || info === null) return layer.below.call(this, info, ...rest);
    const added: string[] = [];
    const marked = mark(info as Info, hooks, added);
    try {
      return layer.below.call(this, marked, ...rest);
    } finally {
      // An object of the application's is as it was; by now its line is made.
      for (const name of added) Reflect.deleteProperty(info, name);
    }
  };
}

/**
 * What winston gets may be an object of the application's, which it may use again, outside of this trace. So a plain one
 * is copied; any other, an error for one, is marked for as long as it is written.
 * @param added receives the fields to be removed again
 */
function mark(info: Info, hooks: LineHooks, added: string[]): Info {
  try {
    const ids = hooks.fields();
    const isPlain = isPlainObject(info);
    if (ids === undefined) {
      const message = hooks.message(info.message);
      return message === info.message || !isPlain ? info : { ...info, message };
    }
    const marked = isPlain ? { ...info } : info;
    for (const [name, value] of Object.entries(ids)) {
      if (marked[name] !== undefined) continue;
      marked[name] = value;
      if (!isPlain) added.push(name);
    }
    return marked;
  } catch (error) {
    hooks.complain(error);
  }
  return info;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
