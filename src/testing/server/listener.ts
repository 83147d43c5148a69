import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Server, ServerCredentials, type ConnectionInjector, type ServiceDefinition } from '@grpc/grpc-js';
import { errorMessage } from '../../base/text';
import type { Served } from './serve';

/** PEM, as text or bytes. */
export interface TlsFiles {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** The authority that certificates of clients come from; with it, a client without one is turned away. */
  readonly clientCa?: string | Buffer;
}

export const HOST = '127.0.0.1';

/**
 * A gRPC server on one port. Whatever it speaks comes and goes as bytes. The sockets are our own and grpc-js is only
 * handed them: so a server can go down as a killed one does, and a port that is taken is one error instead of a line of
 * grpc-js on the console.
 */
export class Listener {
  private readonly grpc = new Server({ 'grpc.enable_channelz': 0 });
  private readonly tcp = createServer((socket) => this.welcome(socket));
  private readonly sockets = new Set<Socket>();
  private injector: ConnectionInjector | undefined;

  async open(port: number, tls: TlsFiles | undefined, served: readonly Served[]): Promise<void> {
    this.grpc.addService(
      definition(served),
      Object.fromEntries(served.map(({ route, handler }) => [route.path, handler])),
    );
    this.injector = this.grpc.createConnectionInjector(credentials(tls));
    this.tcp.listen(port, HOST);
    try {
      await once(this.tcp, 'listening');
    } catch (error) {
      throw new Error(`cannot listen on ${HOST}:${port}: ${errorMessage(error)}`, { cause: error });
    }
  }

  get port(): number {
    return (this.tcp.address() as AddressInfo).port;
  }

  /** Every connection is told to go, and cut after `graceMs`. New ones are welcome. */
  goaway(graceMs: number): void {
    this.injector?.drain(graceMs);
  }

  /** Cuts every connection and frees the port, as the death of a process does. */
  async close(): Promise<void> {
    const closed = once(this.tcp, 'close');
    this.tcp.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
    this.grpc.forceShutdown();
  }

  private welcome(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    // A connection that breaks is no error of the server's.
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    this.injector?.injectConnection(socket);
  }
}

function credentials(tls: TlsFiles | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) };
  const clientCa = tls.clientCa === undefined ? null : Buffer.from(tls.clientCa);
  return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null);
}

function definition(served: readonly Served[]): ServiceDefinition {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return Object.fromEntries(
    served.map(({ route: { path, isStream } }) => {
      const method = {
        path,
        requestStream: isStream,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      };
      return [path, method];
    }),
  );
}
