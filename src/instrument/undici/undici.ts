import { subscribeTo } from '../subscribe';
import { UndiciSpans } from './undici-spans';
import { UndiciContext } from './undici-context';
import type { InstrumentOptions } from '../options';
import type { Undo } from '../patch';
import type { Tracer } from '../../tracing/tracer';

/**
 * Exit spans and headers for `fetch` and for every copy of undici in the process, by its diagnostics channels. Node's
 * `fetch` stays unloaded until the application uses it.
 */
export function undici(tracer: Tracer, options: InstrumentOptions): Undo[] {
  const scopes = new UndiciContext();
  const spans = new UndiciSpans(tracer, options, scopes);
  const undos = Object.entries({
    create: (message: unknown) => spans.open(message),
    headers: (message: unknown) => spans.answered(message),
    trailers: (message: unknown) => spans.complete(message),
    error: (message: unknown) => spans.failed(message),
  }).map(([event, heard]) => subscribeTo(`undici:request:${event}`, heard));
  return [...undos, () => scopes.disable()];
}
