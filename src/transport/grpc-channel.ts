import type { ChannelCredentials, Client } from '@grpc/grpc-js';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { LONGEST_TIMER_MS } from '../base/clock';
import { modules } from '../base/lazy';
import type { Log } from '../base/log';
import { MAX_ANSWER_BYTES } from './answer-limits';
import { dropUnneeded, type IdleProcessGuard, keepSession, unrefSocket } from './socket-guards';
import type { InboundLimit } from './inbound-limit';
import { upgradeToTls } from './upgrade-to-tls';
import { withAbort } from './with-abort';

const CHANNEL = 'net.client.socket';

/**
 * One for all watches: in Node.js 20 and 22 what runs in a storage keeps a mark of it for good, as a property of its
 * own. One storage for each attempt to connect would be one property more with each.
 */
const storage = new AsyncLocalStorage<object>();
const watches = new Set<object>();

/**
 * Runs `start` and takes in hand every client socket that comes of it. grpc-js shows its socket only once it is
 * connected, and keeps no hand on it before: a connection attempt into the void would outlive its client by minutes.
 *
 * @returns ends the watch
 */
export function captureClientSockets(start: () => void, take: (socket: Socket) => void): () => void {
  const watch = {};
  const onSocket = (message: unknown): void => {
    if (storage.getStore() === watch) take((message as { socket: Socket }).socket);
  };
  watches.add(watch);
  subscribe(CHANNEL, onSocket);
  storage.run(watch, start);
  return () => {
    unsubscribe(CHANNEL, onSocket);
    watches.delete(watch);
    // A storage that stays enabled costs the application something with every promise it makes.
    if (watches.size === 0) storage.disable();
  };
}

interface GrpcPeer {
  /** Where the session's socket ended up: both connections go to the same server. */
  readonly socket: Socket;
  readonly host: string;
  readonly authority: string;
  readonly tls: SecureContext | undefined;
  readonly userAgent: string;
}

/** A grpc-js client that is connected, and never connects again by itself. */
export interface GrpcChannel {
  readonly client: Client;
  /** Calls back once, when the connection is gone. */
  onLost(listener: () => void): void;
  /** Lets go of the sockets too. */
  close(): void;
}

export async function openGrpcChannel(
  peer: GrpcPeer,
  idleGuard: IdleProcessGuard,
  log: Log,
  /** Gets each socket of TCP that grpc-js opens. */
  inbound: Pick<InboundLimit, 'add' | 'addTls' | 'refuse'>,
  signal: AbortSignal,
): Promise<GrpcChannel> {
  const { Client } = modules.grpc();
  const sockets: Socket[] = [];
  let isClosed = false;
  const take = (socket: Socket): void => {
    sockets.push(unrefSocket(socket));
    if (!('encrypted' in socket)) inbound.add(socket);
  };
  const client = new Client(
    targetOf(peer.socket),
    credentialsFor(peer, { take, inbound, isClosed: () => isClosed }, log, signal),
    {
      'grpc.default_authority': peer.authority,
      'grpc.primary_user_agent': peer.userAgent,
      'grpc.enable_http_proxy': 0,
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      // Limits the answer, as it comes and as it is inflated.
      'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
      'grpc.service_config_disable_resolution': 1,
      // Never: an idle channel would look like a lost one.
      'grpc.client_idle_timeout_ms': LONGEST_TIMER_MS,
      // Otherwise a channel of the application to the same address would share its connection with us.
      'grpc.use_local_subchannel_pool': 1,
    },
  );
  const close = (): void => {
    isClosed = true;
    client.close();
    for (const socket of sockets) socket.destroy();
  };
  const channel = client.getChannel();
  const unwatch = idleGuard.guard(close);
  const forget = captureClientSockets(() => void channel.getConnectivityState(true), take);
  try {
    await ready(client, close, signal);
    return { client, onLost: (listener) => whenLost(client, listener), close };
  } finally {
    unwatch();
    forget();
  }
}

function whenLost(client: Client, listener: () => void): void {
  const { READY } = modules.grpc().connectivityState;
  const channel = client.getChannel();
  if (channel.getConnectivityState(false) === READY) channel.watchConnectivityState(READY, Infinity, listener);
  else listener();
}

function targetOf({ remoteFamily, remoteAddress, remotePort }: Socket): string {
  return remoteFamily === 'IPv6' ? `ipv6:[${remoteAddress}]:${remotePort}` : `ipv4:${remoteAddress}:${remotePort}`;
}

function ready(client: Client, close: () => void, signal: AbortSignal): Promise<void> {
  const { connectivityState: State } = modules.grpc();
  const channel = client.getChannel();
  return withAbort(signal, close, (come, fail) => {
    const look = (): void => {
      const state = channel.getConnectivityState(false);
      if (state === State.READY) come();
      else if (state === State.TRANSIENT_FAILURE || state === State.SHUTDOWN) {
        fail(new Error('the second connection, for calls, was refused'));
      } else {
        // A deadline here would be a timer that holds the process up.
        channel.watchConnectivityState(state, Infinity, look);
      }
    };
    look();
  });
}

interface ChannelHooks {
  readonly take: (socket: Socket) => void;
  readonly inbound: Pick<InboundLimit, 'addTls' | 'refuse'>;
  readonly isClosed: () => boolean;
}

/**
 * Credentials that make the connection ours: quiet from the start, and with our own TLS handshake, the same as for the
 * other connection (grpc-js's ref'd socket would hold the process up during it, and announces IPs by name).
 */
function credentialsFor(
  { host, tls }: GrpcPeer,
  { take, inbound, isClosed }: ChannelHooks,
  log: Log,
  signal: AbortSignal,
): ChannelCredentials {
  const { credentials } = modules.grpc();
  const ours = tls ? credentials.createFromSecureContext(tls) : credentials.createInsecure();
  type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;
  if (typeof (ours as Partial<ChannelCredentials>)._createSecureConnector !== 'function') {
    log.debug('this version of @grpc/grpc-js hides its sockets: a call in flight may hold the process up');
    return ours;
  }
  const create = ours._createSecureConnector.bind(ours);
  // grpc-js connects once more when its pause is over, although its client was closed in the meantime: that
  // connection would be neither bounded nor ended.
  const whileOpen = (): Promise<void> =>
    isClosed() ? Promise.reject(new Error('the channel is closed')) : Promise.resolve();
  ours._createSecureConnector = (...args): Connector => {
    const theirs = create(...args);
    return {
      connect: async (socket) => {
        // A second time: what `captureClientSockets` sees hangs on a diagnostics channel that the application may lack.
        take(socket);
        await whileOpen();
        if (!tls) {
          keepSession(socket, inbound.refuse, dropUnneeded);
          return { socket, secure: false };
        }
        const secured = await upgradeToTls(socket, { host, context: tls }, inbound, signal);
        take(secured);
        keepSession(secured, inbound.refuse, dropUnneeded);
        return { socket: secured, secure: true };
      },
      // Before it opens a socket.
      waitForReady: whileOpen,
      getCallCredentials: () => theirs.getCallCredentials(),
      destroy: () => theirs.destroy(),
    };
  };
  return ours;
}
