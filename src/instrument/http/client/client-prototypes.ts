import http from 'node:http';
import type { ClientRequest } from 'node:http';
import type { Tracer } from '../../../tracing/tracer';
import { type ClientSpans, FOREIGN, SPAN, type Spanned, UNRECORDED } from '../../client-spans';
import { type Emit, forward, hasListeners, patch, type Patched, type Undo } from '../../patch';
import { emitIn, isElsewhere } from '../../run-in-scope';
import { type Called, CALLER } from '../../scoped';
import { insertHeaders, RequestHead, type Stored } from './request-head';

// As it is now: test doubles replace what the module exports.
const { Agent, ClientRequest: Request } = http;

/** `addRequest` of an agent: called by the constructor of a request, with what its options came to. */
type AddRequest = (
  this: unknown,
  request: unknown,
  options: unknown,
  port?: unknown,
  localAddress?: unknown,
) => unknown;
/** `_storeHeader` of a request: makes its head of the request line and the headers. */
type StoreHeader = (this: unknown, firstLine: string, headers: unknown) => unknown;

/**
 * Requests are seen where every one of them passes, whoever called what: at the agent that is to find it a connection,
 * at its head, and by its `emit`. No listener of ours: one for `response` would keep Node from discarding a body that
 * is not read, and one for `error` would swallow an unhandled error.
 */
export function patchClientPrototypes(tracer: Tracer, spans: ClientSpans): Undo[] {
  const client = new ClientByMethods(tracer, spans);
  return [
    patch<AddRequest>(Agent.prototype, 'addRequest', (layer) => addRequest(layer, client)),
    patch<StoreHeader>(Request.prototype, '_storeHeader', (layer) => storeHeader(layer, client)),
    patch<Emit>(Request.prototype, 'emit', (layer) => requestEmit(layer, client, spans)),
  ];
}

function addRequest(layer: Patched<AddRequest>, client: ClientByMethods): AddRequest {
  return function addRequest(request, options, port, localAddress) {
    if (layer.isOn) client.made(request, options);
    return layer.below.call(this, request, options, port, localAddress);
  };
}

function storeHeader(layer: Patched<StoreHeader>, client: ClientByMethods): StoreHeader {
  return function _storeHeader(firstLine, headers) {
    const line = layer.isOn ? firstLine + client.lines(this, headers) : firstLine;
    return layer.below.call(this, line, headers);
  };
}

function requestEmit(layer: Patched<Emit>, client: ClientByMethods, spans: ClientSpans): Emit {
  return function emit(event, first, second, ...more) {
    let span = (this as object as Spanned)[SPAN];
    if (span === undefined && layer.isOn && (event === 'socket' || event === 'error')) span = client.madeByOthers(this);
    // A response comes in the scope of its request.
    const caller = event !== 'response' && hasListeners(this, event) ? (this as Called)[CALLER] : undefined;
    if (span !== undefined) spans.observe(span, this as object, event, first);
    if (!isElsewhere(caller)) return forward(layer.below, this, arguments.length, event, first, second, more);
    return emitIn(caller, layer.below, this, arguments.length, event, first, second, more);
  };
}

class ClientByMethods {
  constructor(
    private readonly tracer: Tracer,
    private readonly spans: ClientSpans,
  ) {}

  /** The request goes to an agent of Node's kind, which is told what host and port its options came to. */
  made(request: unknown, options: unknown): void {
    try {
      if (!(request instanceof Request) || (request as Spanned)[SPAN] !== undefined) return;
      const port = typeof options === 'object' ? (options as { port?: unknown } | null)?.port : undefined;
      this.open(request, port);
    } catch (error) {
      this.spans.complain(error);
    }
  }

  /** The request goes by an agent of another kind or by a connection of the caller's own; found later than it was made. */
  madeByOthers(request: unknown): Spanned[typeof SPAN] {
    try {
      if (!(request instanceof Request)) return undefined;
      this.open(request, undefined);
      return (request as Spanned)[SPAN];
    } catch (error) {
      this.spans.complain(error);
      return undefined;
    }
  }

  /** What to add to the request line of a request whose head is made now. */
  lines(request: unknown, headers: unknown): string {
    try {
      if (!(request instanceof Request)) return '';
      if ((request as Spanned)[SPAN] === undefined) {
        // Made by its constructor, before the request has come to an agent: it is amended when that is known.
        if (Array.isArray(headers) || request.hasHeader('expect')) return '';
        this.open(request, undefined);
      }
      const { [SPAN]: span, [UNRECORDED]: unrecorded, [FOREIGN]: foreign } = request as Spanned;
      const isTold = span ? span.endTime === 0 : unrecorded !== undefined;
      return isTold || foreign !== undefined ? this.headOf(request).lines : '';
    } catch (error) {
      this.spans.complain(error);
      return '';
    }
  }

  private open(request: ClientRequest & Stored, port: unknown): void {
    this.spans.open(request, port);
    const stored = request._header;
    if (typeof stored !== 'string') return;
    const head = this.headOf(request, stored);
    if (head.lines !== '' || head.stored !== stored) insertHeaders(request, stored, head.lines, head.stored);
  }

  private headOf(request: ClientRequest & Spanned, stored?: string): RequestHead {
    const { [SPAN]: span, [UNRECORDED]: unrecorded, [FOREIGN]: foreign } = request;
    const head = new RequestHead(request, stored);
    if (foreign) this.tracer.removeForeign(foreign, head, RequestHead.remove);
    if (span) this.tracer.inject(span, head, RequestHead.add);
    else if (unrecorded) this.tracer.injectUnrecorded(unrecorded, head, RequestHead.add);
    return head;
  }
}
