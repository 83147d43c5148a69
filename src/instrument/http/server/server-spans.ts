import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { copyOf, errorMessage, truncate } from '../../../base/text';
import { Component, Layer } from '../../../model/components';
import { LIMITS } from '../../../model/limits';
import { type NameSource, Span } from '../../../model/segment';
import type { Scope } from '../../../tracing/context';
import { UnrecordedTrace } from '../../../tracing/sampling/unrecorded-trace';
import type { Tracer } from '../../../tracing/tracer';
import type { InstrumentOptions } from '../../options';
import { groupPath } from '../../route/group-path';
import { routeOf } from '../../route/route';
import { SCOPE, type Scoped } from '../../scoped';
import { HttpUrls, judgeStatus, parseTarget, withoutUser } from '../http-url';
import { hostPort } from '../peer';
import { ignoreRequests, liveIgnore } from './ignore';
import { trustedCallers } from './trusted-callers';

// As it is now: test doubles replace what the module exports.
const { ServerResponse: Response } = http;

/** The entry spans of HTTP requests. Nothing here throws: all of it runs within the host's `emit`. */
export class ServerSpans {
  private readonly isIgnored: (path: string) => boolean;
  private readonly isRequestIgnored: ((request: IncomingMessage, path: string) => boolean) | undefined;
  private readonly urls: HttpUrls;
  private readonly paths: PathNames;
  private readonly isTrusted: ((request: IncomingMessage) => boolean) | undefined;
  private readonly pipeline = new PipelinedResponses<ServerResponse & Scoped>((response) =>
    this.end(response, response[SCOPE], 'close'),
  );

  constructor(
    private readonly tracer: Tracer,
    private readonly options: InstrumentOptions,
  ) {
    this.isIgnored = liveIgnore(options);
    this.isRequestIgnored = ignoreRequests(options);
    this.urls = new HttpUrls(options);
    this.paths = new PathNames(options);
    this.isTrusted = trustedCallers(options.trustIncoming);
  }

  /**
   * The scope of a request, for its listeners to run in. It is opened once: a request that the application emits once
   * more (after `checkContinue`, or from one server to another) stays in its own.
   * @returns `undefined` if these are no request and response of Node's
   */
  open(request: unknown, response: unknown, scheme: string): Scope | undefined {
    try {
      if (!(response instanceof Response) || typeof request !== 'object' || request === null) return undefined;
      const scoped: ServerResponse & Scoped = response;
      if (scoped[SCOPE] !== undefined) return scoped[SCOPE];
      const scope = this.openScope(request as IncomingMessage, scheme);
      scoped[SCOPE] = scope;
      (request as Scoped)[SCOPE] = scope;
      if (response.socket === null) this.pipeline.add(scoped);
      return scope;
    } catch (error) {
      this.options.log.error(`a request could not be traced: ${errorMessage(error)}`, 'http server open');
      return undefined;
    }
  }

  /** The response is finished, or its connection closed. The first of the two counts. */
  end(response: unknown, scope: Scope | undefined, event: 'finish' | 'close'): void {
    if (!(scope instanceof Span)) {
      if (scope instanceof UnrecordedTrace && !scope.isOver) this.endUnrecorded(response as ServerResponse, scope);
      return;
    }
    if (scope.endTime !== 0) return;
    try {
      this.complete(scope, response as ServerResponse, event);
    } catch (error) {
      this.complain(error);
    }
    this.tracer.end(scope);
  }

  private endUnrecorded(response: ServerResponse, trace: UnrecordedTrace): void {
    try {
      trace.end();
      if (trace.naming instanceof RequestName) trace.naming.settle(trace);
      this.pipeline.remove(response);
    } catch (error) {
      this.complain(error);
    }
  }

  private complain(error: unknown): void {
    this.options.log.error(`a response could not be traced: ${errorMessage(error)}`, 'http server end');
  }

  private openScope(request: IncomingMessage, scheme: string): Span | UnrecordedTrace {
    // Now, before the application routes: express takes the mounted part off `url`.
    const target = parseTarget(request.url);
    const isTrusted = this.isTrusted === undefined || this.isTrusted(request);
    const isIgnored =
      this.isIgnored(target.path) ||
      (this.isRequestIgnored !== undefined && this.isRequestIgnored(request, target.path));
    const span = isIgnored ? undefined : this.tracer.openEntry(target.path, request.headers, isTrusted);
    const scope = span ?? this.tracer.unrecorded(target.path, request.headers, isTrusted);
    scope.naming = new RequestName(request, target.path, this.paths);
    scope.method = String(request.method);
    if (!span) return scope;
    span.layer = Layer.http;
    span.componentId = Component.httpServer;
    this.urls.tell(span, scheme, hostOf(request), target);
    return span;
  }

  private complete(span: Span, response: ServerResponse, event: 'finish' | 'close'): void {
    this.pipeline.remove(response);
    // Before the head is sent, the status is only what it would have been.
    if (event === 'finish' || response.headersSent) span.statusCode = response.statusCode | 0;
    judgeStatus(span, this.options.isServerError);
    if (event === 'close' && !response.writableFinished) this.cut(span, response);
  }

  /**
   * The connection closed before the response was complete. Without an answer that is an error: the client waited and
   * left. In the middle of one it is how event streams, long downloads and videos usually end; then only a log says so,
   * unless the application itself ended the response with an error.
   */
  private cut(span: Span, response: ServerResponse): void {
    const { details } = this.tracer;
    if (response.errored) details.fail(span, response.errored);
    else if (!response.headersSent) details.fail(span, UNANSWERED);
    else if (!isPerhapsWhole(response)) details.log(span, { event: 'aborted', message: CUT });
  }
}

const CUT = 'the connection closed in the middle of the response';

const UNANSWERED = { name: 'ConnectionClosed', message: 'the connection closed before there was a response' };

/**
 * A client with a new connection may close it when it has as many bytes as were announced, which is before the
 * application, at the end of its file, ends the response. An older connection counts what it carried before, too: then
 * nothing is said rather than what may be false.
 */
function isPerhapsWhole(response: ServerResponse): boolean {
  const head: unknown = Reflect.get(response, '_header');
  const announced: unknown = Reflect.get(response, '_contentLength');
  const socket = response.req.socket as Socket | null;
  if (typeof head !== 'string' || typeof announced !== 'number' || socket === null) return false;
  return socket.bytesWritten >= head.length + announced;
}

/** Node lets blanks and control characters through, which no host has. */
const VISIBLE = /^[!-~]+$/;
/** Mostly the next request names the same, which costs less to compare. */
let lastHost = 'localhost';

function isHost(text: string): boolean {
  if (text === lastHost) return true;
  if (!VISIBLE.test(text)) return false;
  lastHost = text;
  return true;
}

function hostOf(request: IncomingMessage): string {
  const { host } = request.headers;
  if (typeof host === 'string' && isHost(host)) return withoutUser(host);
  // HTTP/1.0, or a header left empty. A request that the application made up may be without a socket.
  const socket = request.socket as Socket | null;
  return hostPort(socket?.localAddress ?? 'localhost', socket?.localPort ?? 80);
}

const MAX_NAMES = 1_000;

/** The names of requests whose route is not known. Logs once where they are too many: each is an endpoint at the backend. */
export class PathNames implements NameSource {
  private lastPath = '';
  private lastName = '';
  /** `undefined` once they were too many. */
  private names: Set<string> | undefined = new Set();

  constructor(readonly options: InstrumentOptions) {}

  resolve(path: string): string {
    // Mostly the same as before; to compare costs less than to group it, and than to look the name up.
    if (path === this.lastPath) return this.lastName;
    const name = this.options.groupEndpoints === true ? groupPath(path) : path;
    if (this.names !== undefined && name !== this.lastName) this.count(name, this.names);
    this.lastPath = path;
    this.lastName = name;
    return name;
  }

  private count(name: string, names: Set<string>): void {
    if (names.has(name) || names.add(copyOf(name)).size <= MAX_NAMES) return;
    this.names = undefined;
    this.options.log.warn(
      `requests without a known route have more than ${MAX_NAMES} names, and each is an endpoint at the backend: ` +
        'ignorePath (SW_AGENT_IGNORE_PATH) leaves paths out',
    );
  }
}

/** The name of a request's entry span as soon as a framework has found its route. */
class RequestName implements NameSource {
  constructor(
    private readonly request: object,
    private readonly path: string,
    private readonly paths: PathNames,
  ) {}

  /** @param given the path, or what an instrumentation of OpenTelemetry's has found in its place */
  resolve(given: string): string {
    return this.route() ?? this.paths.resolve(given);
  }

  /**
   * A promise or a timer of the application's may keep the trace for long, which must not keep the request. The name of
   * a path is made only if it is asked for.
   */
  settle(trace: UnrecordedTrace): void {
    const route = this.route();
    if (route !== undefined) trace.operationName = truncate(route, LIMITS.name);
    trace.naming = route === undefined ? this.paths : undefined;
  }

  private route(): string | undefined {
    try {
      return routeOf(this.request, this.path);
    } catch (error) {
      // A getter of the application's.
      this.paths.options.log.error(`a route could not be traced: ${errorMessage(error)}`, 'http server route');
      return undefined;
    }
  }
}

/**
 * Responses that wait behind another one on their connection (HTTP pipelining). They have no socket yet, so no event
 * tells them when it closes.
 */
class PipelinedResponses<R extends ServerResponse> {
  private readonly waiting = new WeakMap<Socket, Set<R>>();
  private isUsed = false;

  constructor(private readonly closed: (response: R) => void) {}

  add(response: R): void {
    const socket = response.req.socket as Socket | null;
    if (!socket) return;
    this.isUsed = true;
    const known = this.waiting.get(socket);
    if (known) {
      known.add(response);
      return;
    }
    const responses = new Set([response]);
    this.waiting.set(socket, responses);
    // One listener a connection, however many wait on it: more than ten would be warned of.
    socket.once('close', () => responses.forEach(this.closed));
  }

  remove(response: R): void {
    if (this.isUsed) this.waiting.get(response.req.socket)?.delete(response);
  }
}
