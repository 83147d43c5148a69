import http, { type IncomingMessage } from 'node:http';
import { httpUrl } from './http-url';
import { peerOf, type Call } from './peer';
import { parseTarget } from './target';
import { messageOf } from '../base/errors';
import { Component, Layer } from '../trace/vocabulary';
import type { InstrumentOptions } from './options';
import type { Span } from '../trace/span';
import type { Tracer } from '../trace/tracer';

// As they are now: test doubles replace what the module exports.
const { ClientRequest: Request, IncomingMessage: Response } = http;

/** On a client's request while it is traced, and the response to it. */
export const SPAN = Symbol('skyanchor.span');
const RESPONSE = Symbol('skyanchor.response');

export interface Spanned {
  [SPAN]?: Span;
  [RESPONSE]?: IncomingMessage;
}

/** The exit spans of HTTP requests. Nothing here throws: all of it runs within the host's calls. */
export class ClientSpans {
  constructor(
    private readonly tracer: Tracer,
    private readonly options: InstrumentOptions,
  ) {}

  /** A request was made, in the scope of who made it; nothing of it has happened yet. Twice is once. */
  open(request: unknown, call: Call): void {
    try {
      if (!(request instanceof Request) || (request as Spanned)[SPAN]) return;
      const target = parseTarget(request.path);
      const peer = peerOf(request, call);
      const span = this.tracer.openExit(target.path, peer);
      if (!span) return;
      span.layer = Layer.http;
      span.componentId = Component.httpClient;
      span.method = request.method;
      span.url = httpUrl(`${request.protocol}//`, peer, target, this.options.collectQuery);
      (request as Spanned)[SPAN] = span;
    } catch (error) {
      this.options.log.error(`a call could not be traced: ${messageOf(error)}`, 'http client open');
    }
  }

  /** An event of the request, before its listeners hear of it. */
  observe(span: Span, request: Spanned, event: string | symbol, value: unknown): void {
    switch (event) {
      case 'response':
        this.answered(span, request, value);
        break;
      case 'upgrade':
      case 'connect':
        // From here on it is a connection of another kind, for hours maybe.
        this.answered(span, request, value);
        this.tracer.end(span);
        break;
      case 'error':
        this.tracer.fail(span, value);
        this.tracer.end(span);
        break;
      case 'close':
        this.closed(span, request[RESPONSE]);
        break;
      default:
    }
  }

  private answered(span: Span, request: Spanned, response: unknown): void {
    if (!(response instanceof Response)) return;
    request[RESPONSE] = response;
    span.statusCode = response.statusCode ?? 0;
    if (span.statusCode >= 400) span.isError = true;
  }

  /** The response was read to its end, or the connection is gone. */
  private closed(span: Span, response: IncomingMessage | undefined): void {
    // `errored`: cut off by the other side or by the network. A caller that has seen enough destroys without an error,
    // and that is none; likewise a body that arrived and that nobody read.
    if (response && !response.complete) {
      if (response.errored) this.tracer.fail(span, response.errored);
      else this.tracer.log(span, { event: 'aborted', message: 'the caller closed in the middle of the response' });
    }
    this.tracer.end(span);
  }
}
