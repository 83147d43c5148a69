export interface BackendAddress {
  /** A name or an address; of IPv6 without the brackets. */
  readonly host: string;
  readonly port: number;
}

const HOST_PORT = /^(?:\[(?<ipv6>[0-9a-f:.]*:[0-9a-f:.]*(?:%[\w.-]+)?)\]|(?<name>[\w.-]+)):(?<port>\d{1,5})$/i;

/** @returns undefined: not `host:port` */
export function parseBackendAddress(text: string): BackendAddress | undefined {
  const { ipv6, name, port } = HOST_PORT.exec(text)?.groups ?? {};
  const host = ipv6 ?? name;
  const number = Number(port);
  // `number` is NaN where nothing matched.
  if (host === undefined || !(number >= 1 && number <= 65_535)) return undefined;
  return { host, port: number };
}
