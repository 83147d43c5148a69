import { glob } from '../../base/glob';

const PORT = /:\d+$/;
const BRACKETS = /^\[(.*)\]$/;

/** Whether the host of a peer, `host:port`, matches one of the globs. Upper and lower case are one. */
export function hostFilter(globs: readonly string[]): (peer: string) => boolean {
  const hosts = globs.map((pattern) => glob(pattern.toLowerCase()));
  return (peer) => {
    const host = peer.toLowerCase().replace(PORT, '').replace(BRACKETS, '$1');
    return hosts.some((matches) => matches(host));
  };
}
