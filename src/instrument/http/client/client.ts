import http from 'node:http';
import { patchClientPrototypes } from './client-prototypes';
import { patchClientExports } from './client-exports';
import { supportsHeaderInjection } from './request-head';
import { ClientSpans, ABORTED, type Spanned } from '../../client-spans';
import { patch, type Patched, type Undo } from '../../patch';
import type { InstrumentOptions } from '../../options';
import { isElsewhere } from '../../run-in-scope';
import { type Called, CALLER } from '../../scoped';
import { context } from '../../../tracing/context';
import type { Tracer } from '../../../tracing/tracer';

// As it is now: test doubles replace what the module exports.
const { Agent, ClientRequest: Request } = http;

/** `abort` comes to it, too. */
type Destroy = (this: Spanned & { readonly destroyed?: unknown }, error?: unknown) => unknown;
/** `createSocket` of an agent: has a connection made for a request, maybe when that of another one has closed. */
type CreateSocket = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Exit spans and headers for outgoing requests of `http` and `https`. The way by methods of Node's classes costs least
 * and reaches calls that were taken out of their module before us (`const { get } = require('http')`); where this
 * Node's classes are not as we know them, the exported functions are wrapped.
 */
export function httpClient(tracer: Tracer, options: InstrumentOptions): Undo[] {
  const spans = new ClientSpans(tracer, options);
  const byMethods = options.byFunctions !== true && supportsHeaderInjection();
  if (!byMethods && options.byFunctions !== true) {
    options.log.warn(
      'this Node.js has other internals than expected: http.request and its siblings are wrapped instead',
    );
  }
  const undos = byMethods ? patchClientPrototypes(tracer, spans) : patchClientExports(tracer, spans);
  return [
    ...undos,
    patch<Destroy>(Request.prototype, 'destroy', destroy),
    patch<CreateSocket>(Agent.prototype, 'createSocket', createSocket),
  ];
}

/**
 * A request that has waited has its connection in its own scope: callbacks of `write` and `end` are called from there. Not
 * so where one before it was destroyed while it waited (Node makes the connection for that one), or where an agent makes its
 * connections otherwise.
 */
function createSocket(layer: Patched<CreateSocket>): CreateSocket {
  return function createSocket(...args) {
    const caller = (args[0] as Called | null | undefined)?.[CALLER];
    if (!layer.isOn || !isElsewhere(caller)) return layer.below.apply(this, args);
    const create = (): unknown => layer.below.apply(this, args);
    return caller === null ? context.exit(create) : context.run(caller, create);
  };
}

/** Notes that the caller ends a request: its events look the same when the server cuts it off. */
function destroy(layer: Patched<Destroy>): Destroy {
  return function destroy(error) {
    // Node destroys a request that it has found to be cut before it emits the error, and the caller may destroy it again.
    if (layer.isOn && this.destroyed === false) this[ABORTED] = true;
    return layer.below.call(this, error);
  };
}
