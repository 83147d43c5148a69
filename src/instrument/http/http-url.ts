import { MemoizedLast } from '../../base/memoized';
import { copyOf, truncate } from '../../base/text';
import { LIMITS } from '../../model/limits';
import type { Span } from '../../model/segment';
import type { InstrumentOptions, IsErrorStatus } from '../options';

/** The parts of a request's target that spans need, with no user info in any of them. */
interface Target {
  /** `host[:port]` where the target itself names it (`GET http://host/path`, as to a proxy), otherwise empty. */
  readonly host: string;
  /** Never empty. */
  readonly path: string;
  /** With its question mark; empty where there is none. */
  readonly query: string;
}

/** With three slashes or more it is the same URL. */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/+([^/?#]*)/i;
/**
 * Where an authority may begin: the `user:password@host:port` of a CONNECT, `//user:password@host/a`, or what a proxy has
 * made of it, `/http:/user:password@host/a`. Behind the one slash of `C:/report@v2.pdf` and `npm:/react@18` there is none.
 */
export const BEFORE_AUTHORITY = '(^|(?<=https?:)[/\\\\]|[/\\\\]{2})';
const USER = new RegExp(`${BEFORE_AUTHORITY}[^/\\\\]+@`, 'gi');
/** A caller may put these into its `Host`. */
const BEHIND_HOST = /[?#].*$/s;
const SLASH = 0x2f;
/** In UTF-16 units. The path is a slice of the whole target; one much longer than itself it must not keep alive. */
const LONG = 256;

/** Takes a target apart as it is, whatever was sent: `/a?b`, `http://host/a`, `*`, `//a/b`, garbage, nothing. */
export function parseTarget(target: unknown): Target {
  if (typeof target !== 'string') return { host: '', path: '/', query: '' };
  // Not by a URL parser: it takes the `a` of `//a/b` for a host, throws at garbage, and costs 2 us.
  const absolute = target.charCodeAt(0) === SLASH ? null : ABSOLUTE.exec(target);
  const start = absolute ? absolute[0].length : 0;
  const hash = target.indexOf('#', start);
  const end = hash === -1 ? target.length : hash;
  const mark = target.indexOf('?', start);
  const pathEnd = mark === -1 || mark > end ? end : mark;
  const path = withoutUsers(target.slice(start, pathEnd) || '/');
  return {
    host: absolute?.[1] ? withoutUser(absolute[1]) : '',
    path: target.length - path.length > LONG ? copyOf(path) : path,
    query: target.slice(pathEnd, end),
  };
}

/** What follows the last `@` of `user:password@host:port`. */
export function withoutUser(authority: string): string {
  // Asked first since it is there almost never, and `indexOf` is many times faster than `lastIndexOf`.
  return authority.includes('@') ? authority.slice(authority.lastIndexOf('@') + 1) : authority;
}

/** A path without what is before an `@` where an authority begins in it. */
export function withoutUsers(path: string): string {
  return path.includes('@') ? path.replace(USER, '$1') : path;
}

/** Marks a span with an error status as an error. @param isError default: 400 and above are */
export function judgeStatus(span: Span, isError: IsErrorStatus | undefined): void {
  const { statusCode } = span;
  if (isError === undefined ? statusCode >= 400 : isError(statusCode, parseTarget(span.urlRest).path)) {
    span.isError = true;
  }
}

/** Tells spans their URL. One for all requests to a server, or by a kind of client: mostly their hosts are the same. */
export class HttpUrls {
  // A host may be a slice of a long header, or of the whole target.
  private readonly base = new MemoizedLast((scheme: string, host: string) =>
    copyOf(scheme + host.replace(BEHIND_HOST, '')),
  );

  constructor(private readonly options: Pick<InstrumentOptions, 'collectQuery'>) {}

  /** @param scheme with its slashes: `https://` */
  tell(span: Span, scheme: string, host: string, target: Target): void {
    const base = this.base.get(scheme, target.host || host);
    // `*`, or the `host:port` of a CONNECT.
    const path = target.path.startsWith('/') ? target.path : `/${target.path}`;
    const rest = this.options.collectQuery ? path + target.query : path;
    if (base.length + rest.length <= LIMITS.value) {
      span.urlBase = base;
      span.urlRest = rest;
    } else span.url = truncate(base + rest, LIMITS.value);
  }
}
