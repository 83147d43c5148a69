import type { EventEmitter } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { context, noteEscape, type Scope } from '../../../tracing/context';
import type { Tracer } from '../../../tracing/tracer';
import type { InstrumentOptions } from '../../options';
import { type Emit, forward, hasListeners, patch, type Patched, together, type Undo } from '../../patch';
import { emitIn, forwardInScope, isElsewhere } from '../../run-in-scope';
import { type Called, CALLER, SCOPE, type Scoped } from '../../scoped';
import { SERVER_CONNECTION, subscribeTo } from '../../subscribe';
import { responseHeader } from './response-header';
import { ServerSpans } from './server-spans';

/** As `process.getActiveResourcesInfo` names them. */
const SERVERS: ReadonlySet<string> = new Set(['TCPServerWrap', 'PipeServerWrap']);
// As it is now: test doubles replace what the module exports.
const { Server } = http;

type On = (this: EventEmitter, event: string | symbol, ...more: unknown[]) => unknown;

/**
 * Entry spans for `http` and `https` servers, by their `emit`: one event is one span, however many listeners there are
 * and whenever they came; servers that exist already are traced, too.
 */
export function httpServer(tracer: Tracer, options: InstrumentOptions): Undo[] {
  const spans = new ServerSpans(tracer, options);
  return [
    patch<Emit>(http.Server.prototype, 'emit', (layer) => serverEmit(layer, spans, 'http://')),
    httpsServer((layer) => serverEmit(layer, spans, 'https://')),
    patch<Emit>(http.IncomingMessage.prototype, 'emit', (layer) => requestEmit(layer)),
    patch<Emit>(http.ServerResponse.prototype, 'emit', (layer) => responseEmit(layer, spans)),
    ...(options.responseHeader === undefined ? [] : [responseHeader(options.responseHeader)]),
  ];
}

/**
 * `https.Server` is no heir of `http.Server`, and to load it costs the start of every application 2 ms. So it is patched
 * when one is made, which listens for its handshakes then; or when a server of another kind, made before, has its first
 * connection, which Node publishes before there is a request on it; or at once, where the process has servers already, and
 * perhaps connections that stay. One that is handed its connections (`server.emit('connection', socket)`) accepts none.
 */
function httpsServer(make: (layer: Patched<Emit>) => Emit): Undo {
  let undo: Undo = () => undefined;
  const take = (): void => {
    undo = () => undefined;
    try {
      undo = patch<Emit>(process.getBuiltinModule('node:https').Server.prototype, 'emit', make);
    } catch {
      // A Node.js without crypto has no https.
    }
  };
  function found(): void {
    undo();
    take();
  }
  // An error thrown by a subscriber ends the host, and any code may publish anything.
  function connected(message: unknown): void {
    const server = (message as { socket?: { server?: unknown } } | null | undefined)?.socket?.server;
    if (server !== undefined && !(server instanceof Server)) found();
  }
  const on = (layer: Patched<On>): On =>
    function on(event, ...more) {
      if (layer.isOn && event === 'secureConnection') found();
      return layer.below.call(this, event, ...more);
    };
  if (hasServers()) take();
  else undo = together([subscribeTo(SERVER_CONNECTION, connected, 'https'), patch<On>(net.Server.prototype, 'on', on)]);
  return () => undo();
}

function hasServers(): boolean {
  return process.getActiveResourcesInfo().some((name) => SERVERS.has(name));
}

function serverEmit(layer: Patched<Emit>, spans: ServerSpans, scheme: string): Emit {
  return function emit(event, first, second, ...more) {
    if (layer.isOn && isRequest(event)) {
      const scope = spans.open(first, second, scheme);
      if (scope !== undefined) {
        const { below } = layer;
        if (more.length === 0) return context.run(scope, emitRequest, below, this, event, first, second);
        return context.run(scope, forwardInScope, below, this, arguments.length, event, first, second, more);
      }
    }
    return forward(layer.below, this, arguments.length, event, first, second, more);
  };
}

/** As Node emits it, which costs less than to count the arguments. */
function emitRequest(emit: Emit, server: EventEmitter, event: string | symbol, request: unknown, response: unknown) {
  let isDone = false;
  try {
    const isHeard = emit.call(server, event, request, response);
    isDone = true;
    return isHeard;
  } finally {
    if (!isDone) noteEscape();
  }
}

/** The last two come in the place of the first, where the application listens to them. */
function isRequest(event: string | symbol): boolean {
  return event === 'request' || event === 'checkContinue' || event === 'checkExpectation';
}

/**
 * The parts of a request's body that arrive late arrive in no scope: its `data` and `end` would be outside of the trace,
 * and only for slow clients. The response to a client's request is of this class, too.
 */
function requestEmit(layer: Patched<Emit>): Emit {
  return function emit(event, first, second, ...more) {
    // Most events have no listener.
    const isHeard = hasListeners(this, event);
    const scope = isHeard ? (this as Scoped)[SCOPE] : undefined;
    if (scope !== undefined)
      return context.run(scope, forwardInScope, layer.below, this, arguments.length, event, first, second, more);
    const isAsked = isHeard ? isOfConnection(event) : event === 'close';
    const caller = isAsked ? (this as Called)[CALLER] : undefined;
    // An application may keep it.
    if (event === 'close' && caller !== undefined) (this as Called)[CALLER] = undefined;
    if (!isHeard || !isElsewhere(caller))
      return forward(layer.below, this, arguments.length, event, first, second, more);
    return emitIn(caller, layer.below, this, arguments.length, event, first, second, more);
  };
}

/** The parts of a client's response come in the scope of its request, what happens to its connection need not. */
function isOfConnection(event: string | symbol): boolean {
  return event === 'close' || event === 'error' || event === 'aborted' || event === 'timeout';
}

/** Sees the end of a response without a listener, so that the host cannot remove or count one, or be warned of too many. */
function responseEmit(layer: Patched<Emit>, spans: ServerSpans): Emit {
  return function emit(event, first, second, ...more) {
    const isEnd = event === 'finish' || event === 'close';
    const scope = isEnd || hasListeners(this, event) ? (this as Scoped)[SCOPE] : undefined;
    if (scope === undefined) return forward(layer.below, this, arguments.length, event, first, second, more);
    if (!isEnd) return inScope(scope, layer.below, this, arguments.length, event, first, second, more);
    // `finally`: what a listener of the host throws is the host's, and the response is over all the same. First the
    // listeners, so that the line of an access log and its calls are still in the segment.
    try {
      return inScope(scope, layer.below, this, arguments.length, event, first, second, more);
    } finally {
      spans.end(this, scope, event);
    }
  };
}

/** What ends a response ends it in its scope, as a rule. */
function inScope(scope: Scope, ...event: Parameters<typeof forward>): boolean {
  return context.getStore() === scope ? forward(...event) : context.run(scope, forwardInScope, ...event);
}
