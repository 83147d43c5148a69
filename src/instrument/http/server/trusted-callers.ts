import { BlockList, isIPv4, type Socket } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { Cidr, TrustIncoming } from '../../../base/cidr';

/**
 * Whether the carrier of a request counts, by the address that its connection comes from; a caller without an address,
 * as at a Unix socket, is in no block. `undefined`: all count, so nothing has to be checked.
 */
export function trustedCallers(trust: TrustIncoming = 'all'): ((request: IncomingMessage) => boolean) | undefined {
  if (trust === 'all') return undefined;
  if (trust === 'none') return () => false;
  let blocks: BlockList | undefined;
  return (request) => {
    // A request that the application made up may be without a socket.
    const socket = request.socket as Socket | null;
    // Without its zone, `%eth0`.
    const address = socket?.remoteAddress?.split('%', 1)[0];
    if (address === undefined) return false;
    blocks ??= blockListOf(trust);
    // An IPv4 address in the form of IPv6 is found among those of IPv4.
    return blocks.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  };
}

function blockListOf(cidrs: readonly Cidr[]): BlockList {
  const blocks = new BlockList();
  for (const { address, prefix, family } of cidrs) blocks.addSubnet(address, prefix, family);
  return blocks;
}
