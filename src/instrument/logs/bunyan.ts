import { whenLoaded } from '../loaded-modules';
import { patch, type Patched, type Undo } from '../patch';
import type { LineHooks } from './line-hooks';

/** Made by bunyan for each line. */
interface LogRecord {
  msg?: unknown;
  [field: string]: unknown;
}

type Emit = (this: unknown, record: LogRecord, isNotWritten?: unknown) => unknown;

/** Versions 1 and 2. */
export function bunyan(hooks: LineHooks): Undo {
  return whenLoaded('bunyan/lib/bunyan.js', (exports) =>
    patch<Emit>((exports as { readonly prototype: object }).prototype, '_emit', (layer) => emit(layer, hooks)),
  );
}

function emit(layer: Patched<Emit>, hooks: LineHooks): Emit {
  return function _emit(record, isNotWritten) {
    if (!layer.isOn) return layer.below.call(this, record, isNotWritten);
    mark(record, hooks);
    const line = layer.below.call(this, record, isNotWritten);
    // Where all streams take objects, no line is made.
    if (isNotWritten !== true) hooks.written('bunyan', record['level'], line ?? record.msg);
    return line;
  };
}

function mark(record: LogRecord, hooks: LineHooks): void {
  try {
    const ids = hooks.fields();
    // What the application has put there stays.
    for (const name in ids) record[name] ??= ids[name as keyof typeof ids];
    if (hooks.form === 'text') record.msg = hooks.message(record.msg);
  } catch (error) {
    hooks.complain(error);
  }
}
