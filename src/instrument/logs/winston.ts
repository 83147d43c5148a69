import { whenLoaded } from '../loaded-modules';
import { patch, together, type Patched, type Undo } from '../patch';
import { isPlainObject, type LineHooks } from './line-hooks';

/** What winston hands to its formats and transports. */
interface Info {
  message?: unknown;
  [field: string | symbol]: unknown;
}

type Write = (this: unknown, info: unknown, ...rest: unknown[]) => unknown;
type Push = (this: Logger, info: unknown, ...rest: unknown[]) => unknown;

interface Logger {
  /** By the levels of the logger and of its transports. */
  isLevelEnabled?(level: unknown): boolean;
}

/** Where winston has the level before a format has coloured it, and the text that its formats have made. */
const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');

/** Version 3. The loggers that `child` makes write by the one that they are of. */
export function winston(hooks: LineHooks): Undo {
  return whenLoaded('winston/lib/winston/logger.js', (exports) => {
    const { prototype } = exports as { readonly prototype: object };
    return together([
      patch<Write>(prototype, 'write', (layer) => write(layer, hooks)),
      patch<Push>(prototype, 'push', (layer) => push(layer, hooks)),
    ]);
  });
}

/** What has gone through the formats goes on to the transports. */
function push(layer: Patched<Push>, hooks: LineHooks): Push {
  return function push(info, ...rest) {
    if (layer.isOn && typeof info === 'object' && info !== null) note(this, info as Info, hooks);
    return layer.below.call(this, info, ...rest);
  };
}

function note(logger: Logger, info: Info, hooks: LineHooks): void {
  try {
    const level = info[LEVEL] ?? info['level'];
    if (hooks.isSending && logger.isLevelEnabled?.(level) !== false)
      hooks.written('winston', level, info[MESSAGE] ?? info.message);
  } catch (error) {
    hooks.complain(error);
  }
}

function write(layer: Patched<Write>, hooks: LineHooks): Write {
  return function write(info, ...rest) {
    if (!layer.isOn || typeof info !== 'object' || info === null) return layer.below.call(this, info, ...rest);
    const added: string[] = [];
    const marked = mark(info as Info, hooks, added);
    try {
      return layer.below.call(this, marked, ...rest);
    } finally {
      unmark(info, added);
    }
  };
}

/** An object of the application's is as it was; by now its line is made. */
function unmark(info: object, added: readonly string[]): void {
  try {
    for (const name of added) Reflect.deleteProperty(info, name);
  } catch {
    // A proxy that refuses.
  }
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
