import { whenLoaded } from '../loaded-modules';
import { patch, together, type Patched, type Undo } from '../patch';
import { subscribeTo } from '../subscribe';
import { isPlainObject, type LineHooks } from './line-hooks';
import type { TraceIds } from '../../model/telemetry';

/** A logger of pino's: what it keeps is under symbols of its own, of these names. */
type Logger = Record<symbol, unknown>;
const AS_JSON = 'pino.asJson';
const LEVEL_CACHE = 'pino.lsCache';
const BINDINGS = 'pino.chindings';
const MESSAGE_KEY = 'pino.messageKey';
/** What the application gives a logger as `hooks`. */
const HOOKS = Symbol.for('pino.hooks');

type AsJson = (this: Logger, merged: unknown, message: unknown, level: number, time: string) => unknown;

/** What pino publishes of a line that it makes, since 9.10. */
interface Published {
  readonly instance: Logger;
  /** Object, message, level and time. */
  readonly arguments?: ArrayLike<unknown>;
  /** At its end, the line. */
  readonly result?: unknown;
  /** On ours: the symbol, what was there and what is there now. */
  [BEFORE]?: readonly [symbol: symbol, before: string, now: string];
}

const BEFORE = Symbol('skyanchor.bindings');

/** Versions 6 to 10. */
export function pino(hooks: LineHooks): Undo {
  const unheard = publishedLines(hooks);
  const patchLogger = (exports: unknown): Undo => {
    const prototype = Object.getPrototypeOf((exports as () => object)()) as object;
    const asJsonSymbol = symbolOf(prototype, AS_JSON);
    if (asJsonSymbol === undefined) return () => undefined;
    unheard();
    return patch<AsJson>(prototype, asJsonSymbol, (layer) => asJson(layer, hooks));
  };
  return together([unheard, whenLoaded('pino/lib/proto.js', patchLogger)]);
}

function asJson(layer: Patched<AsJson>, hooks: LineHooks): AsJson {
  let cacheSymbol: symbol | undefined;
  let keySymbol: symbol | undefined;
  return function asJson(merged, message, level, time) {
    if (!layer.isOn) return layer.below.call(this, merged, message, level, time);
    const own = message === undefined && hooks.form === 'text' ? withText(merged, this) : undefined;
    const made = layer.below.call(this, own ?? merged, own ? message : hooks.message(message), level, time);
    const line = marked(made, this, level, time);
    hand(hooks, this, level, line);
    return line;
  };

  /**
   * `log.info({ msg: 'in it' })`: one more message would be a second of its name, and the last one counts.
   * @returns undefined: there is no message in it
   */
  function withText(merged: unknown, logger: Logger): object | undefined {
    if (typeof merged !== 'object' || merged === null) return undefined;
    try {
      keySymbol ??= symbolOf(logger, MESSAGE_KEY);
      const key = logger[keySymbol as symbol] as string;
      const given = Object.hasOwn(merged, key) ? (merged as Record<string, unknown>)[key] : undefined;
      if (given === undefined) return undefined;
      const message = hooks.message(given);
      return message === given || !isPlainObject(merged) ? merged : { ...merged, [key]: message };
    } catch (error) {
      hooks.complain(error);
      return merged;
    }
  }

  function marked(line: unknown, logger: Logger, level: number, time: string): unknown {
    try {
      const ids = hooks.fields();
      if (ids === undefined || typeof line !== 'string') return line;
      cacheSymbol ??= symbolOf(logger, LEVEL_CACHE);
      const cache = logger[cacheSymbol as symbol] as Readonly<Record<number, string>>;
      return withIds(line, `${cache[level] ?? ''}${time}`, ids);
    } catch (error) {
      hooks.complain(error);
      return line;
    }
  }
}

/** @param head what the line begins with: level and time, behind which pino has the fields of its own */
function withIds(line: string, head: string, ids: TraceIds): string {
  if (!line.startsWith(head)) return line;
  const members = hasOneOf(line) ? membersWithout(line, ids) : membersOf(ids);
  return members === '' ? line : head + members + line.slice(head.length);
}

let lastIds: TraceIds | undefined;
let lastMembers = '';

/** The members of a JSON object, each with its comma in front. */
function membersOf(ids: TraceIds): string {
  if (ids === lastIds) return lastMembers;
  lastIds = ids;
  lastMembers = `,${JSON.stringify(ids).slice(1, -1)}`;
  return lastMembers;
}

function hasOneOf(line: string): boolean {
  return line.includes('"traceId":') || line.includes('"segmentId":') || line.includes('"spanId":');
}

/** Where the application has one of them in its line, that stays: two of one name are no JSON for many. */
function membersWithout(line: string, ids: TraceIds): string {
  const known = JSON.parse(line) as object;
  const others = Object.entries(ids).filter(([name]) => !Object.hasOwn(known, name));
  return others.map(([name, value]) => `,"${name}":${JSON.stringify(value)}`).join('');
}

/**
 * What `streamWrite` makes of a line is what the application writes, without its secrets for one. That is made later, and to
 * call it once more would do once more whatever it does.
 */
function hand(hooks: LineHooks, logger: Logger, level: unknown, line: unknown): void {
  if (!hooks.isSending) return;
  try {
    const { streamWrite } = (logger[HOOKS] ?? {}) as { readonly streamWrite?: unknown };
    // As pino itself asks.
    if (!streamWrite) hooks.written('pino', level, line);
    else hooks.withheld('of a logger of pino with hooks.streamWrite, which may take something out of them');
  } catch (error) {
    hooks.complain(error);
  }
}

/** In a bundle nothing can be patched; there the ids stand among what a logger has in all of its lines, while it makes one. */
function publishedLines(hooks: LineHooks): Undo {
  let bindingsSymbol: symbol | undefined;
  const start = (message: unknown): void => {
    try {
      const published = message as Published;
      const ids = hooks.idsOfNow();
      if (ids === undefined) return;
      const { instance } = published;
      bindingsSymbol ??= symbolOf(instance, BINDINGS);
      const before = instance[bindingsSymbol as symbol];
      if (typeof before !== 'string' || hasOneOf(before)) return;
      const now = before + membersOf(ids);
      instance[bindingsSymbol as symbol] = now;
      published[BEFORE] = [bindingsSymbol as symbol, before, now];
    } catch (error) {
      hooks.complain(error);
    }
  };
  const end = (message: unknown): void => {
    const { instance, arguments: given, result, [BEFORE]: changed } = message as Published;
    hand(hooks, instance, given?.[2], result);
    if (changed && instance[changed[0]] === changed[2]) instance[changed[0]] = changed[1];
  };
  return together([
    subscribeTo('tracing:pino_asJson:start', start, 'logs'),
    subscribeTo('tracing:pino_asJson:end', end, 'logs'),
  ]);
}

function symbolOf(owner: object, description: string): symbol | undefined {
  for (let at: object | null = owner; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertySymbols(at).find((symbol) => symbol.description === description);
    if (found !== undefined) return found;
  }
  return undefined;
}
