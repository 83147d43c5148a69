import { isIPv4 } from 'node:net';
import { copyOf, errorMessage, truncate } from '../../base/text';
import { Component, Layer } from '../../model/components';
import type { ForeignHeaders } from '../../model/foreign-headers';
import { isKnownHeader, type KnownHeader } from '../../model/known-header';
import { LIMITS } from '../../model/limits';
import type { Span } from '../../model/segment';
import { isHandedOn } from '../../tracing/propagation/headers';
import type { Tracer } from '../../tracing/tracer';
import { ignoredMethods } from '../client-spans';
import { withoutLines } from '../http/header-lines';
import { HttpUrls, judgeStatus, parseTarget } from '../http/http-url';
import { hostPort } from '../http/peer';
import type { InstrumentOptions } from '../options';
import type { Undo } from '../patch';
import { groupedPath } from '../route/group-path';
import { subscribeTo } from '../subscribe';
import { UndiciContext } from './undici-context';

/**
 * Exit spans and headers for `fetch` and for every copy of undici in the process, by its diagnostics channels. Node's
 * `fetch` stays unloaded until the application uses it.
 */
export function undici(tracer: Tracer, options: InstrumentOptions): Undo[] {
  const scopes = new UndiciContext();
  const spans = new UndiciSpans(tracer, options, scopes);
  const undos = Object.entries({
    create: (message: unknown) => spans.open(message),
    headers: (message: unknown) => spans.answered(message),
    trailers: (message: unknown) => spans.complete(message),
    error: (message: unknown) => spans.failed(message),
  }).map(([event, heard]) => subscribeTo(`undici:request:${event}`, heard));
  return [...undos, () => scopes.disable()];
}

const SPAN = Symbol('skyanchor.span');

/** A request of undici's, as versions 5 to 8 have it. */
interface Request {
  readonly origin?: unknown;
  readonly path?: unknown;
  readonly method?: unknown;
  readonly upgrade?: unknown;
  /** What the caller gave as the header of this name, which is not among the others. */
  readonly host?: unknown;
  /** Lines of text in version 5, later names and values in turn. */
  headers?: unknown;
  addHeader(name: string, value: string): unknown;
  onUpgrade?: Upgraded;
  onRequestUpgrade?: Upgraded;
  [SPAN]?: Span;
}

type Upgraded = (this: unknown, statusCode: number, ...more: unknown[]) => unknown;

/** The exit spans of undici's requests. Nothing here throws: an error thrown by a subscriber ends the host. */
class UndiciSpans {
  private readonly origins = new OriginCache();
  private readonly urls: HttpUrls;
  private readonly ignoredMethods: ReadonlySet<string> | undefined;

  constructor(
    private readonly tracer: Tracer,
    private readonly options: InstrumentOptions,
    private readonly scopes: UndiciContext,
  ) {
    this.urls = new HttpUrls(options);
    this.ignoredMethods = ignoredMethods(options);
  }

  /** A request was made; its head is not written yet. A redirect or a retry is another one. */
  open(message: unknown): void {
    try {
      const { request } = message as { request: Request };
      this.scopes.keep(request);
      this.openSpan(request);
    } catch (error) {
      this.complain(error);
    }
  }

  private openSpan(request: Request): void {
    const { method, path, upgrade } = request;
    if (this.ignoredMethods !== undefined && this.ignoredMethods.has(String(method).toUpperCase())) {
      this.removeForeign(request, this.tracer.foreignFor(undefined));
      return;
    }
    const origin = this.origins.of(request.origin);
    const { scheme, peer } = origin;
    const name = nameOf(origin, request.host);
    const target = parseTarget(path);
    const span = this.tracer.openExit(target.path, peer);
    if (!span) {
      const unrecorded = this.tracer.unrecordedExit(target.path, peer);
      this.removeForeign(request, this.tracer.foreignFor(undefined, unrecorded));
      if (unrecorded) this.tracer.injectUnrecorded(unrecorded, request, addHeader, name);
      return;
    }
    if (this.options.groupEndpoints === true) span.naming = groupedPath;
    span.layer = Layer.http;
    span.componentId = Component.httpClient;
    span.method = truncate(method, LIMITS.method);
    this.urls.tell(span, scheme, peer, target);
    request[SPAN] = span;
    if (upgrade || method === 'CONNECT') this.watchUpgrade(request, span);
    this.removeForeign(request, this.tracer.foreignFor(span));
    this.tracer.inject(span, request, addHeader, name);
  }

  private removeForeign(request: Request, foreign: ForeignHeaders | undefined): void {
    if (foreign) this.tracer.removeForeign(foreign, request, removeHeader);
  }

  /** Informational responses come here, too; the last one is the response. */
  answered(message: unknown): void {
    try {
      const { request, response } = message as { request: Request; response: { statusCode: unknown } };
      const span = request[SPAN];
      if (span !== undefined) this.setStatus(span, response.statusCode);
    } catch (error) {
      this.complain(error);
    }
  }

  /** The response has arrived, to its end. */
  complete(message: unknown): void {
    try {
      const span = (message as { request: Request }).request[SPAN];
      if (span !== undefined) this.tracer.end(span);
    } catch (error) {
      this.complain(error);
    }
  }

  /** The connection failed, or the caller gave up. */
  failed(message: unknown): void {
    try {
      const { request, error } = message as { request: Request; error: unknown };
      const span = request[SPAN];
      if (span === undefined) return;
      // A caller that needs no more of a response cancels it, and that is no error.
      if (span.statusCode !== 0 && isAbort(error)) this.tracer.details.log(span, SEEN_ENOUGH);
      else this.tracer.details.fail(span, error);
      this.tracer.end(span);
    } catch (error) {
      this.complain(error);
    }
  }

  /** After the upgrade it is no HTTP any more, and most versions publish nothing about it. */
  private watchUpgrade(request: Request, span: Span): void {
    const name = request.onRequestUpgrade ? 'onRequestUpgrade' : 'onUpgrade';
    const upgraded = request[name];
    if (typeof upgraded !== 'function') {
      this.tracer.end(span);
      return;
    }
    request[name] = (statusCode, ...more) => {
      this.setStatus(span, statusCode);
      this.tracer.end(span);
      return upgraded.call(request, statusCode, ...more);
    };
  }

  private setStatus(span: Span, statusCode: unknown): void {
    if (typeof statusCode !== 'number' || span.endTime !== 0) return;
    span.statusCode = statusCode;
    judgeStatus(span, this.options.isClientError);
  }

  private complain(error: unknown): void {
    this.options.log.error(`a call by undici could not be traced: ${errorMessage(error)}`, 'undici');
  }
}

const SEEN_ENOUGH = { event: 'aborted', message: 'the caller closed in the middle of the response' };

/** Whatever the realm: `AbortError` of a signal, undici's own, and since version 8 that of a sink which was closed. */
function isAbort(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return name === 'AbortError' || code === 'UND_ERR_ABORTED' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function addHeader(request: Request, name: string, value: string, forwarded?: KnownHeader): void {
  if (!hasHeader(request.headers, name)) request.addHeader(name, value);
  else if (forwarded !== undefined) replaceHeader(request, name, forwarded, value);
}

function removeHeader(request: Request, name: string, came: KnownHeader | null): void {
  const { headers } = request;
  if (typeof headers === 'string') request.headers = withoutLines(headers, name, came);
  if (!Array.isArray(headers)) return;
  for (let at = headers.length - 2; at >= 0; at -= 2)
    if (String(headers[at]).toLowerCase() === name && isHandedOn(headers[at + 1], came)) headers.splice(at, 2);
}

/** As the versions keep them: 5 as text, the others as names and values in turn. */
function replaceHeader(request: Request, name: string, old: KnownHeader, value: string): void {
  const { headers } = request;
  if (typeof headers === 'string') {
    const start = `\r\n${headers}`.toLowerCase().indexOf(`\r\n${name}:`) + name.length + 1;
    const end = headers.indexOf('\r\n', start);
    if (isKnownHeader(headers.slice(start, end).trim(), old))
      request.headers = `${headers.slice(0, start)} ${value}${headers.slice(end)}`;
  } else if (Array.isArray(headers)) {
    const at = headers.findIndex((one, index) => index % 2 === 0 && String(one).toLowerCase() === name);
    if (isKnownHeader(headers[at + 1], old)) headers[at + 1] = value;
  }
}

function hasHeader(headers: unknown, name: string): boolean {
  if (typeof headers === 'string') return `\r\n${headers}`.toLowerCase().includes(`\r\n${name}:`);
  if (!Array.isArray(headers)) return false;
  for (let at = 0; at < headers.length; at += 2) {
    const own: unknown = headers[at];
    if (typeof own === 'string' && own.length === name.length && own.toLowerCase() === name) return true;
  }
  return false;
}

interface Origin {
  /** With its slashes: `https://` */
  readonly scheme: string;
  /** `host:port` */
  readonly peer: string;
  readonly port: string | number;
  /** The host is no name. */
  readonly isAddress: boolean;
}

const PORT = /:\d+$/;
/** A name has 253 characters at most, and a port five. A caller's header that is handed on may be as long as a request's head. */
const LONGEST_HOST = 260;

/** `host:port` by the header, where the origin has but an address: undici's own interceptor for DNS puts it there. */
function nameOf({ isAddress, port }: Origin, header: unknown): string | undefined {
  if (!isAddress || typeof header !== 'string' || header === '' || header.length > LONGEST_HOST) return undefined;
  const host = header.endsWith(':') ? header.slice(0, -1) : header;
  return PORT.test(host) ? host : `${host}:${port}`;
}

const REMEMBERED = 256;
/** A caller may name a host as long as a request is. */
const LONGEST_ORIGIN = 'https://'.length + LONGEST_HOST;

/** Taking an origin apart costs a microsecond, and an application talks to few. */
class OriginCache {
  private readonly known = new Map<unknown, Origin>();

  of(origin: unknown): Origin {
    const known = this.known.get(origin);
    if (known) return known;
    // It may be a part of a long URL.
    const own = copyOf(String(origin));
    const { hostname, port: given, protocol } = new URL(own);
    const port = given || (protocol === 'https:' ? 443 : 80);
    const isAddress = hostname.startsWith('[') || isIPv4(hostname);
    const made = { scheme: `${protocol}//`, peer: hostPort(hostname, port), port, isAddress };
    // An object is hardly ever the same one again.
    if (typeof origin !== 'string' || own.length > LONGEST_ORIGIN) return made;
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(own, made);
    return made;
  }
}
