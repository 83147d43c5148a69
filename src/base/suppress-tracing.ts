interface Context {
  setValue(key: symbol, value: unknown): Context;
}

interface ContextManager {
  active(): Context;
  with<T>(context: Context, fn: () => T): T;
}

/** Where every copy of `@opentelemetry/api` 1.x finds the context manager of the process. */
const API = Symbol.for('opentelemetry.js.api.1');
/** What `suppressTracing` of `@opentelemetry/core` sets: a context key is a symbol of the global registry. */
const SUPPRESS_TRACING = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
const place = globalThis as { [API]?: { readonly context?: ContextManager } };

/**
 * Runs `fn` where OpenTelemetry, if the application has it, traces nothing: its instrumentations of gRPC, DNS, sockets
 * and files would otherwise show the agent's own calls. Loads nothing of it.
 */
export function suppressTracing<T>(fn: () => T): T {
  const manager = place[API]?.context;
  if (!manager) return fn();
  let context: Context;
  try {
    context = manager.active().setValue(SUPPRESS_TRACING, true);
  } catch {
    // The application's context manager is broken. That must not stop us.
    return fn();
  }
  return manager.with(context, fn);
}
