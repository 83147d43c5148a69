import http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { errorMessage, truncate } from '../base/text';
import { Component, Layer } from '../model/components';
import type { ForeignHeaders } from '../model/foreign-headers';
import { LIMITS } from '../model/limits';
import type { Span } from '../model/segment';
import type { UnrecordedExit } from '../tracing/sampling/unrecorded-trace';
import { context } from '../tracing/context';
import type { Tracer } from '../tracing/tracer';
import { HttpUrls, judgeStatus, parseTarget } from './http/http-url';
import { guessedPort, httpPeerOf } from './http/peer';
import type { InstrumentOptions } from './options';
import { groupedPath } from './route/group-path';
import { type Called, CALLER } from './scoped';

// As it is now: test doubles replace what the module exports.
const { IncomingMessage: Response } = http;

/** On a client's request: its span, or `null` where it was decided that there is none. */
export const SPAN = Symbol('skyanchor.span');
/** On a client's request that its caller aborted or destroyed, before Node or the server closed it. */
export const ABORTED = Symbol('skyanchor.givenUp');
const RESPONSE = Symbol('skyanchor.response');
/** On a client's request without a span, whose headers are to say that its trace is not recorded. */
export const UNRECORDED = Symbol('skyanchor.unrecorded');
/** On a client's request, traced or not: what it must not hand on. */
export const FOREIGN = Symbol('skyanchor.foreign');

export interface Spanned extends Called {
  [SPAN]?: Span | null;
  [ABORTED]?: true;
  [RESPONSE]?: IncomingMessage;
  [UNRECORDED]?: UnrecordedExit;
  [FOREIGN]?: ForeignHeaders;
}

/** What a span says of a request; a `ClientRequest` has all of it, and so have its options in part. */
interface OutgoingRequest {
  readonly method: string;
  readonly path: string;
  /** `http:` */
  readonly protocol: string;
}

/** The exit spans of HTTP requests. Nothing here throws: all of it runs within the host's calls. */
export class ClientSpans {
  private readonly urls: HttpUrls;
  private readonly ignoredMethods: ReadonlySet<string> | undefined;

  constructor(
    private readonly tracer: Tracer,
    private readonly options: InstrumentOptions,
  ) {
    this.urls = new HttpUrls(options);
    this.ignoredMethods = ignoredMethods(options);
  }

  /** A request was made, in the scope of who made it, and nothing of it has been sent. Asked once for each request. */
  open(request: ClientRequest & Spanned, port: unknown): void {
    request[SPAN] = null;
    // A test double that inherits from Node's class without its constructor (nock 13) goes nowhere.
    if (typeof request.host !== 'string') return;
    request[CALLER] = context.whole() ?? null;
    let span: Span | undefined;
    let exit: UnrecordedExit | undefined;
    if (!this.isIgnored(request.method)) {
      const peer = httpPeerOf(request, port || guessedPort(request));
      span = this.openFor(request, peer);
      if (span) request[SPAN] = span;
      else exit = this.unrecordedFor(request, peer);
      if (exit) request[UNRECORDED] = exit;
    }
    const foreign = this.tracer.foreignFor(span, exit);
    if (foreign) request[FOREIGN] = foreign;
  }

  /** For a call that {@link openFor} opened no span for. */
  unrecordedFor(asked: OutgoingRequest, peer: string): UnrecordedExit | undefined {
    return this.tracer.unrecordedExit(parseTarget(asked.path).path, peer);
  }

  /** A call by this method is not traced. */
  isIgnored(method: string): boolean {
    return this.ignoredMethods !== undefined && this.ignoredMethods.has(method.toUpperCase());
  }

  /** @param peer `host:port` */
  openFor(asked: OutgoingRequest, peer: string): Span | undefined {
    const target = parseTarget(asked.path);
    const span = this.tracer.openExit(target.path, peer);
    if (!span) return undefined;
    if (this.options.groupEndpoints === true) span.naming = groupedPath;
    span.layer = Layer.http;
    span.componentId = Component.httpClient;
    span.method = truncate(asked.method, LIMITS.method);
    this.urls.tell(span, schemeOf(asked.protocol), peer, target);
    return span;
  }

  /** An event of the request, before its listeners hear of it. @param span `null`: it has none */
  observe(span: Span | null, request: Spanned, event: string | symbol, value: unknown): void {
    switch (event) {
      case 'response':
        if (value instanceof Response) (value as Called)[CALLER] = request[CALLER];
        this.answered(span, request, value);
        break;
      case 'upgrade':
      case 'connect':
        // From here on it is a connection of another kind, for hours maybe.
        this.answered(span, request, value);
        if (span) this.tracer.end(span);
        break;
      case 'error':
        if (span) this.failed(span, value);
        break;
      case 'close':
        // An application may keep the request.
        request[CALLER] = undefined;
        if (span) this.closed(span, request);
        break;
      default:
    }
  }

  failed(span: Span, error: unknown): void {
    this.tracer.details.fail(span, error);
    this.tracer.end(span);
  }

  /** Logs what went wrong in our own code; the application does not notice. */
  complain(error: unknown): void {
    this.options.log.error(`a call could not be traced: ${errorMessage(error)}`, 'http client open');
  }

  private answered(span: Span | null, request: Spanned, response: unknown): void {
    if (!(response instanceof Response) || !span) return;
    request[RESPONSE] = response;
    span.statusCode = response.statusCode ?? 0;
    judgeStatus(span, this.options.isClientError);
  }

  /** The response was read to its end, or the connection is gone. */
  private closed(span: Span, request: Spanned): void {
    const { details } = this.tracer;
    const { [RESPONSE]: response, [ABORTED]: isGivenUp } = request;
    if (!response) {
      // Node emits no error for an `abort` before there is a connection, other than for a `destroy`.
      if (isGivenUp) details.fail(span, HUNG_UP);
    } else if (!response.complete) {
      // `errored`: cut off by the other side or by the network. A caller that has seen enough destroys the response
      // without an error, or the request (so do a `break` out of `for await` and a `pipeline` that fails), of which Node
      // makes the same error as of a cut; that is none. Likewise a body that arrived and was not read.
      if (response.errored && !isGivenUp) details.fail(span, response.errored);
      else details.log(span, { event: 'aborted', message: 'the caller closed in the middle of the response' });
    }
    this.tracer.end(span);
  }
}

/** As Node says it of a request that is destroyed before there is a response. */
const HUNG_UP = { name: 'ECONNRESET', message: 'socket hang up' };

/** `undefined`: there are none, so nothing has to be checked. */
export function ignoredMethods({ ignoreMethods = [] }: InstrumentOptions): ReadonlySet<string> | undefined {
  return ignoreMethods.length > 0 ? new Set(ignoreMethods) : undefined;
}

const USUAL_SCHEMES: Readonly<Record<string, string>> = { 'http:': 'http://', 'https:': 'https://' };

/** With its slashes; the usual ones need not be made. */
function schemeOf(protocol: string): string {
  return USUAL_SCHEMES[protocol] ?? `${protocol}//`;
}
