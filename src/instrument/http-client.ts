import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { ClientSpans, SPAN, type Spanned } from './client-spans';
import { forward, type Emit } from './emit';
import { patch, type Layer, type Undo } from './patch';
import type { InstrumentOptions } from './options';
import type { Tracer } from '../trace/tracer';

/** `http.request` and its three siblings; what the arguments mean is Node's affair. */
type Open = (this: unknown, input?: unknown, options?: unknown, callback?: unknown) => ClientRequest;

/**
 * Exit spans for `http.request`, `http.get`, `https.request` and `https.get`, each patched by itself: Node's `get` does
 * not call the exported `request`. How a request goes on is seen by its `emit`, without a listener of ours: one for
 * `response` would keep Node from discarding a body that nobody reads, and one for `error` would swallow an error that
 * nobody handles.
 */
export function httpClient(tracer: Tracer, options: InstrumentOptions): Undo[] {
  const spans = new ClientSpans(tracer, options);
  const modules = [
    { module: http, defaultPort: 80 },
    { module: https, defaultPort: 443 },
  ];
  const opens = modules.flatMap(({ module, defaultPort }) =>
    ['request', 'get'].map((name) => patch<Open>(module, name, (layer) => open(layer, spans, defaultPort))),
  );
  return [...opens, patch<Emit>(http.ClientRequest.prototype, 'emit', (layer) => requestEmit(layer, spans))];
}

function open(layer: Layer<Open>, spans: ClientSpans, defaultPort: number): Open {
  return function request(input, options, callback) {
    const made = layer.below.call(this, input, options, callback);
    if (layer.isOn) spans.open(made, { input, options, defaultPort });
    return made;
  };
}

function requestEmit(layer: Layer<Emit>, spans: ClientSpans): Emit {
  return function emit(event, first, second, ...more) {
    const span = (this as object as Spanned)[SPAN];
    if (span !== undefined) spans.observe(span, this as object, event, first);
    return forward(layer.below, this, arguments.length, event, first, second, more);
  };
}
