import { Last } from '../base/last';
import { LIMIT } from '../trace/limit';
import { text } from '../trace/text';
import type { InstrumentOptions } from './options';
import type { Target } from './target';
import type { Span } from '../trace/span';

/** Tells spans their URL. One for all requests to a server, or by a kind of client: mostly their hosts are the same. */
export class HttpUrls {
  private readonly base = new Last((scheme: string, host: string) => scheme + host);

  constructor(private readonly options: Pick<InstrumentOptions, 'collectQuery'>) {}

  /** @param scheme with its slashes: `https://` */
  tell(span: Span, scheme: string, host: string, target: Target): void {
    const base = this.base.of(scheme, target.host || host);
    // `*`, or the `host:port` of a CONNECT.
    const path = target.path.startsWith('/') ? target.path : `/${target.path}`;
    const rest = this.options.collectQuery ? path + target.query : path;
    if (base.length + rest.length <= LIMIT.value) {
      span.urlBase = base;
      span.urlRest = rest;
    } else span.url = text(base + rest, LIMIT.value);
  }
}
