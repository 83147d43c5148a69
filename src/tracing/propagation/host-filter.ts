import { glob } from '../../base/patterns';

const PORT = /:\d+$/;
const BRACKETS = /^\[(.*)\]$/;

/**
 * Whether the host of a peer, `host:port`, matches one of the globs, and none of those that are excepted. Upper and
 * lower case are one.
 */
export function hostFilter(globs: readonly string[], excepted: readonly string[] = []): (peer: string) => boolean {
  const matchers = (patterns: readonly string[]) => patterns.map((pattern) => glob(pattern.toLowerCase()));
  const [hosts, exceptions] = [matchers(globs), matchers(excepted)];
  return (peer) => {
    const host = peer.toLowerCase().replace(PORT, '').replace(BRACKETS, '$1');
    return hosts.some((matches) => matches(host)) && !exceptions.some((matches) => matches(host));
  };
}
