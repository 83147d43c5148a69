import { createSocket, type Socket } from 'node:dgram';
import { Resolver, type LookupAddress } from 'node:dns';
import { once } from 'node:events';

const HEADER_BYTES = 12;
const TYPES: Readonly<Record<number, 4 | 6>> = { 1: 4, 28: 6 };
const NAME_ERROR = 3;

/** A DNS server on 127.0.0.1, which knows the addresses of one name at a time: none, and the name does not exist. */
export class DnsServer {
  addresses: readonly string[] = [];
  private readonly socket: Socket = createSocket('udp4');
  private readonly resolver = new Resolver({ timeout: 2_000, tries: 2 });

  static async start(): Promise<DnsServer> {
    const server = new DnsServer();
    server.socket.on('message', (question, { port, address }) => {
      server.socket.send(server.answer(question), port, address);
    });
    server.socket.bind(0, '127.0.0.1');
    await once(server.socket, 'listening');
    server.resolver.setServers([`127.0.0.1:${server.socket.address().port}`]);
    return server;
  }

  /** As `dns.lookup` with `all`, asking this server. */
  readonly lookup = (
    host: string,
    _options: object,
    done: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
  ): void => {
    const found: LookupAddress[] = [];
    this.resolver.resolve4(host, (error4, of4) => {
      if (!error4) found.push(...of4.map((address) => ({ address, family: 4 })));
      this.resolver.resolve6(host, (error6, of6) => {
        if (!error6) found.push(...of6.map((address) => ({ address, family: 6 })));
        done(found.length === 0 ? (error4 ?? error6) : null, found);
      });
    });
  };

  close(): void {
    this.resolver.cancel();
    this.socket.close();
  }

  private answer(question: Buffer): Buffer {
    let end = HEADER_BYTES;
    while (question[end] !== 0) end += question[end]! + 1;
    const family = TYPES[question.readUInt16BE(end + 1)];
    const body = question.subarray(HEADER_BYTES, end + 5);
    const records = this.addresses.filter((address) => (address.includes(':') ? 6 : 4) === family).map(recordOf);
    const header = Buffer.alloc(HEADER_BYTES);
    question.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (this.addresses.length === 0 ? NAME_ERROR : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, body, ...records]);
  }
}

/** `::1` is the only address of IPv6 that is needed. */
function recordOf(address: string): Buffer {
  const isV6 = address.includes(':');
  const bytes = isV6 ? [...new Uint8Array(15), 1] : address.split('.').map(Number);
  // The name is that of the question, the class IN, the time to live 0.
  return Buffer.from([0xc0, HEADER_BYTES, 0, isV6 ? 28 : 1, 0, 1, 0, 0, 0, 0, 0, bytes.length, ...bytes]);
}
