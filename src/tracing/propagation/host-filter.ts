import { glob } from '../../base/patterns';

const PORT = /:\d+$/;
/** The brackets around an IPv6 address. In a glob any other pair of them is a set of characters. */
const BRACKETS = /^\[([^\]]*:[^\]]*)\]/;

/**
 * Whether the host of a peer, `host:port`, matches one of the globs, and none of those that are excepted. A glob with a
 * colon may be of the host and its port. Upper and lower case are one, and an IPv6 address may stand in brackets.
 */
export function hostFilter(globs: readonly string[], excepted: readonly string[] = []): (peer: string) => boolean {
  const matchers = (patterns: readonly string[]) => patterns.map(hostGlob);
  const [hosts, exceptions] = [matchers(globs), matchers(excepted)];
  return (peer) => {
    const lower = peer.toLowerCase();
    const address = lower.replace(BRACKETS, '$1');
    const host = lower.replace(PORT, '').replace(BRACKETS, '$1');
    return hosts.some((matches) => matches(host, address)) && !exceptions.some((matches) => matches(host, address));
  };
}

function hostGlob(pattern: string): (host: string, address: string) => boolean {
  const matches = glob(pattern.toLowerCase().replace(BRACKETS, '$1'));
  return pattern.includes(':') ? (host, address) => matches(host) || matches(address) : matches;
}
