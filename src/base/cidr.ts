import { isIP } from 'node:net';

/** A block of addresses. */
export interface Cidr {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Whose carriers count: those of all callers, of none, or of those at one of these addresses. */
export type TrustIncoming = 'all' | 'none' | readonly Cidr[];

const ADDRESS = /^([\d.]+|[\da-f:.]+:[\da-f:.]*)(?:\/(\d{1,3}))?$/i;

/** `10.0.0.0/8`, `fd00::/8`, or one address. @returns undefined: it is none */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', prefix] = ADDRESS.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? most : Number(prefix);
  return bits > most ? undefined : { address, prefix: bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}
