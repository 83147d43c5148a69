import { LIMIT } from '../trace/limit';
import { text } from '../trace/text';
import type { Target } from './target';

/** The `url` tag. @param scheme with its slashes: `https://` */
export function httpUrl(scheme: string, host: string, target: Target, collectQuery: boolean): string {
  // `*`, or the `host:port` of a CONNECT.
  const slash = target.path.startsWith('/') ? '' : '/';
  const query = collectQuery ? target.query : '';
  return text(scheme + (target.host || host) + slash + target.path + query, LIMIT.value);
}
