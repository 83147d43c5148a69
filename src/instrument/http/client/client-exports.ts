import http from 'node:http';
import type { ClientRequest, RequestOptions } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { urlToHttpOptions } from 'node:url';
import { isKnownHeader, type KnownHeader } from '../../../model/known-header';
import type { Span } from '../../../model/segment';
import { isHandedOn } from '../../../tracing/propagation/headers';
import { context } from '../../../tracing/context';
import type { Tracer } from '../../../tracing/tracer';
import { type ClientSpans, SPAN, type Spanned } from '../../client-spans';
import { type Emit, forward, hasListeners, patch, type Patched, type Undo } from '../../patch';
import { emitIn, isElsewhere } from '../../run-in-scope';
import { type Called, CALLER } from '../../scoped';
import { defaultPortOf, httpPeerOf } from '../peer';

// As it is now: test doubles replace what the module exports.
const { ClientRequest: Request } = http;

/** `http.request` and its three siblings. */
type Open = (this: unknown, input?: unknown, options?: unknown, callback?: unknown) => ClientRequest;
type Options = RequestOptions & { readonly socketPath?: unknown };

/**
 * By what is public alone: `http.request`, `http.get`, `https.request` and `https.get`, each wrapped by itself, since
 * Node's `get` does not call the exported `request`. The header is put into the options, and so the span is opened
 * before there is a request. Slower than by methods, and blind for functions that were taken out of their module before.
 */
export function patchClientExports(tracer: Tracer, spans: ClientSpans): Undo[] {
  const client = new ClientByFunctions(tracer, spans);
  const modules = [
    { module: http, protocol: 'http:' },
    { module: process.getBuiltinModule('node:https'), protocol: 'https:' },
  ];
  const opens = modules.flatMap(({ module, protocol }) =>
    ['request', 'get'].map((name) => patch<Open>(module, name, (layer) => open(layer, client, protocol))),
  );
  // `import { get } from 'http'` has names of its own, which are copies until told.
  syncBuiltinESMExports();
  return [
    ...opens,
    syncBuiltinESMExports,
    patch<Emit>(Request.prototype, 'emit', (layer) => requestEmit(layer, spans)),
  ];
}

function open(layer: Patched<Open>, client: ClientByFunctions, protocol: string): Open {
  return function request(input, options, callback) {
    if (!layer.isOn) return layer.below.call(this, input, options, callback);
    const plan = client.plan(input, options, protocol);
    if (!plan) return client.bind(undefined, layer.below.call(this, input, options, callback));
    const { asked, span } = plan;
    const heard = typeof options === 'function' ? options : callback;
    let made: ClientRequest;
    try {
      made = layer.below.call(this, asked, heard);
    } catch (error) {
      if (span) client.refused(span, error);
      throw error;
    }
    return client.bind(span, made);
  };
}

function requestEmit(layer: Patched<Emit>, spans: ClientSpans): Emit {
  return function emit(event, first, second, ...more) {
    const span = (this as object as Spanned)[SPAN];
    // A response comes in the scope of its request.
    const caller = event !== 'response' && hasListeners(this, event) ? (this as Called)[CALLER] : undefined;
    if (span !== undefined) spans.observe(span, this as object, event, first);
    if (!isElsewhere(caller)) return forward(layer.below, this, arguments.length, event, first, second, more);
    return emitIn(caller, layer.below, this, arguments.length, event, first, second, more);
  };
}

class ClientByFunctions {
  constructor(
    private readonly tracer: Tracer,
    private readonly spans: ClientSpans,
  ) {}

  /** The span of a call, and the options to make it with; nothing if it is not traced, or none that Node would take. */
  plan(input: unknown, options: unknown, protocol: string): { span: Span | undefined; asked: Options } | undefined {
    try {
      const asked = optionsOf(input, options);
      const { agent, path, method, socketPath } = asked;
      const own = asked.protocol ?? (agent as { protocol?: string } | undefined)?.protocol ?? protocol;
      // An empty one is none, for Node too.
      const host = asked.hostname || asked.host || 'localhost';
      const port = asked.port || asked.defaultPort || defaultPortOf({ agent, protocol: own });
      const call = { path: path ?? '/', method: method?.toUpperCase() ?? 'GET', protocol: own };
      const isIgnored = this.spans.isIgnored(call.method);
      const peer = httpPeerOf({ host, socketPath }, port);
      const span = isIgnored ? undefined : this.spans.openFor(call, peer);
      const unrecorded = isIgnored || span ? undefined : this.spans.unrecordedFor(call, peer);
      const foreign = this.tracer.foreignFor(span, unrecorded);
      if (foreign) this.tracer.removeForeign(foreign, asked, removeFrom);
      if (span) this.tracer.inject(span, asked, addTo);
      else if (unrecorded) this.tracer.injectUnrecorded(unrecorded, asked, addTo);
      else if (!foreign) return undefined;
      return { span, asked };
    } catch {
      // Not for Node either, which says so in its own words.
      return undefined;
    }
  }

  refused(span: Span, error: unknown): void {
    this.spans.failed(span, error);
  }

  bind(span: Span | undefined, made: ClientRequest): ClientRequest {
    if (made instanceof Request) {
      if (span) (made as Spanned)[SPAN] = span;
      else (made as Spanned)[SPAN] ??= null;
      (made as Called)[CALLER] = context.whole() ?? null;
    }
    // A test double, whose end would not be seen.
    else if (span) this.tracer.end(span);
    return made;
  }
}

function addTo(asked: Options, name: string, value: string, forwarded?: KnownHeader): void {
  asked.headers = withHeader(asked.headers, { name, value, forwarded }) as Options['headers'] & object;
}

function removeFrom(asked: Options, name: string, came: KnownHeader | null): void {
  asked.headers = withoutHeader(asked.headers, name, came) as Options['headers'] & object;
}

/** As Node's constructor puts them together; always an object of our own. */
function optionsOf(input: unknown, options: unknown): Options {
  const given = typeof options === 'object' ? options : undefined;
  if (typeof input === 'string') return { ...urlToHttpOptions(new URL(input)), ...given };
  if (isUrl(input)) return { ...urlToHttpOptions(input), ...given };
  return { ...(input as object) };
}

/** As Node asks: a URL of another realm or of a package's own is one. */
function isUrl(input: unknown): input is URL {
  const { href, protocol, auth, path } = (input ?? {}) as Record<string, unknown>;
  return Boolean(href && protocol && auth === undefined && path === undefined);
}

interface NewHeader {
  /** In small letters. */
  readonly name: string;
  readonly value: string;
  /** Takes the place of this value of it. */
  readonly forwarded: KnownHeader | undefined;
}

/** Headers as people give them, with one more; what they gave is left as it was. One that is there already stays. */
export function withHeader(headers: unknown, { name, value, forwarded }: NewHeader): unknown {
  if (headers === undefined || headers === null) return { [name]: value };
  const isIt = (one: unknown): boolean => String(one).toLowerCase() === name;
  const isForwarded = (one: unknown): boolean => forwarded !== undefined && isKnownHeader(one, forwarded);
  if (!Array.isArray(headers)) {
    const own = Object.keys(headers).find(isIt);
    const stays = own !== undefined && !isForwarded((headers as Record<string, unknown>)[own]);
    return stays ? headers : { ...headers, [own ?? name]: value };
  }
  const list: readonly unknown[] = headers;
  // Pairs, or names and values in turn.
  if (Array.isArray(list[0])) {
    const pairs = list as readonly (readonly unknown[])[];
    const at = pairs.findIndex(([one]) => isIt(one));
    if (at === -1) return [...list, [name, value]];
    return isForwarded(pairs[at]?.[1]) ? list.with(at, [name, value]) : headers;
  }
  const at = list.findIndex((one, index) => index % 2 === 0 && isIt(one));
  if (at === -1) return [...list, name, value];
  return isForwarded(list[at + 1]) ? list.with(at + 1, value) : headers;
}

/** Headers as people give them, without those that hand one on; what they gave is left as it was. */
function withoutHeader(headers: unknown, name: string, came: KnownHeader | null): unknown {
  const stays = (one: unknown, value: unknown): boolean =>
    String(one).toLowerCase() !== name || !isHandedOn(value, came);
  if (headers === undefined || headers === null) return headers;
  if (!Array.isArray(headers))
    return Object.fromEntries(Object.entries(headers).filter(([one, value]) => stays(one, value)));
  const list: readonly unknown[] = headers;
  if (Array.isArray(list[0]))
    return (list as readonly (readonly unknown[])[]).filter(([one, value]) => stays(one, value));
  return list.filter((_, index) => stays(list[index - (index % 2)], list[index - (index % 2) + 1]));
}
