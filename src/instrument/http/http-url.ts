import { MemoizedLast } from '../../base/memoized-last';
import { LIMITS } from '../../model/limits';
import { truncate } from '../../base/text';
import { parseTarget, type Target } from './target';
import type { InstrumentOptions, IsErrorStatus } from '../options';
import type { Span } from '../../model/segment';

/** Marks a span with an error status as an error. @param isError default: 400 and above are */
export function judgeStatus(span: Span, isError: IsErrorStatus | undefined): void {
  const { statusCode } = span;
  if (isError === undefined ? statusCode >= 400 : isError(statusCode, parseTarget(span.urlRest).path)) {
    span.isError = true;
  }
}

/** Tells spans their URL. One for all requests to a server, or by a kind of client: mostly their hosts are the same. */
export class HttpUrls {
  private readonly base = new MemoizedLast((scheme: string, host: string) => scheme + host);

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
