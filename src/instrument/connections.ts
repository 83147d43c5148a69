import { AsyncResource } from 'node:async_hooks';
import net from 'node:net';
import { patch, type Patched, type Undo } from './patch';
import { context, foreignIn, scopeOf, untraced } from '../tracing/context';
import type { WholeScope } from './run-in-scope';

/** What Node keeps a connection by. `http.Agent` resets it for each request that a kept connection serves. */
interface Handle {
  getProviderType?(): unknown;
  asyncReset?(resource: object): void;
}

/** On a connection that the application opened in a trace. */
const OUTLIVES = Symbol('skyanchor.outlives');

interface Connection {
  readonly _handle?: Handle | null;
  readonly encrypted?: unknown;
  [OUTLIVES]?: true;
}

type Method = (this: Connection, ...args: unknown[]) => unknown;

// As it is now: test doubles replace what the module exports.
const { Socket } = net;

/**
 * A connection outlives the request that opened it: a driver's pool keeps it, and calls the callbacks of all later
 * requests when their answers arrive. Node runs what arrives in the scope that the connection was made in, which is the
 * first request's. So we take it out of that scope: a promise brings its own, and for a callback none is better than
 * that of another request. What comes of connecting (`connect`, `secureConnect`, their errors) stays in the scope.
 */
export function connections(): Undo {
  const undos = [patch<Method>(Socket.prototype, 'connect', (layer) => connect(layer, patchTls))];
  // Where a host has several addresses, each attempt has a handle of its own.
  const reinitialize = Object.getOwnPropertySymbols(Socket.prototype).find(
    ({ description }) => description === 'kReinitializeHandle',
  );
  if (reinitialize) undos.push(patch<Method>(Socket.prototype, reinitialize, thenLeave));
  let isTlsPatched = false;
  return () => {
    for (const undo of undos) undo();
  };

  /** Only when a TLS connection is made, since to load the module costs too much at the start. */
  function patchTls(): void {
    if (isTlsPatched) return;
    isTlsPatched = true;
    const { TLSSocket } = process.getBuiltinModule('node:tls');
    undos.push(patch<Method>(TLSSocket.prototype, '_finishInit', thenLeave));
  }
}

function connect(layer: Patched<Method>, patchTls: () => void): Method {
  return function connect(...args) {
    if (!layer.isOn || !isOfRequest(context.whole()) || isOfHttpAgent(args[0])) return layer.below.apply(this, args);
    this[OUTLIVES] = true;
    const result = layer.below.apply(this, args);
    // The handle of a TLS connection brings the end of the handshake first.
    if (this.encrypted === true) patchTls();
    else leave(this);
    return result;
  };
}

function thenLeave(layer: Patched<Method>): Method {
  return function (...args) {
    const result = layer.below.apply(this, args);
    if (this[OUTLIVES] === true && layer.isOn) leave(this);
    return result;
  };
}

/** The request may be over. */
function isOfRequest(whole: WholeScope): boolean {
  const scope = scopeOf(whole);
  return (scope !== undefined || foreignIn(whole) !== undefined) && scope !== untraced;
}

/** Node's own agents have each connection in the scope of the request that it serves, with its errors. */
function isOfHttpAgent(given: unknown): boolean {
  const options: unknown = Array.isArray(given) ? given[0] : given;
  return typeof options === 'object' && options !== null && '_agentKey' in options;
}

/**
 * From here on what arrives on the connection is in no scope of ours. Storages of the application's stay as they are, and
 * so does what the request must not hand on: a gateway may do it from here, whether the request is over or not.
 */
function leave({ _handle: handle }: Connection): void {
  try {
    if (typeof handle?.asyncReset === 'function' && context.whole() !== undefined)
      context.leave(
        () => new AsyncResource('skyanchor.leave').runInAsyncScope(reset, undefined, handle),
        foreignIn(context.whole())?.amongOthers(),
      );
  } catch {
    // Not a handle of Node's: it stays where it is.
  }
}

/**
 * In a resource of its own: without `AsyncContextFrame` (Node 20 and 22) a handle of TLS, in whose callback the handshake
 * ends, would take what it is to keep, the application's storages too, from what it is about to become, which has none.
 */
function reset(handle: Handle): void {
  handle.asyncReset?.({ type: handle.getProviderType?.(), handle });
}
