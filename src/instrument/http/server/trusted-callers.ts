import { BlockList, isIPv4, type Socket } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { Cidr, TrustIncoming } from '../../../base/patterns';

/** An IPv4 address in the form of IPv6, as Node shows it, and the prefix of all of them. */
const MAPPED = /^::ffff:[\d.]+$/i;
const MAPPED_PREFIX = 96;

/**
 * Whether the carrier of a request counts, by the address that its connection comes from; a caller without an address,
 * as at a Unix socket, is in no block. `undefined`: all count, so nothing has to be checked.
 */
export function trustedCallers(trust: TrustIncoming = 'all'): ((request: IncomingMessage) => boolean) | undefined {
  if (trust === 'all') return undefined;
  if (trust === 'none') return () => false;
  let ofIpv4: BlockList | undefined;
  let ofIpv6: BlockList | undefined;
  return (request) => {
    // A request that the application made up may be without a socket.
    const socket = request.socket as Socket | null;
    // Without its zone, `%eth0`.
    const address = socket?.remoteAddress?.split('%', 1)[0];
    if (address === undefined) return false;
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (family === 'ipv6' && !MAPPED.test(address)) return (ofIpv6 ??= blockListOf(trust)).check(address, family);
    return (ofIpv4 ??= blockListOf(trust.filter(mayHoldIpv4))).check(address, family);
  };
}

/** `::/0` means callers of IPv6: to Node it holds `::ffff:0:0/96`, too, and with that every caller of IPv4. */
function mayHoldIpv4({ family, prefix }: Cidr): boolean {
  return family === 'ipv4' || prefix >= MAPPED_PREFIX;
}

function blockListOf(cidrs: readonly Cidr[]): BlockList {
  const blocks = new BlockList();
  for (const { address, prefix, family } of cidrs) blocks.addSubnet(address, prefix, family);
  return blocks;
}
