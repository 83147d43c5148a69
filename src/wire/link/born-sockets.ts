import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const CHANNEL = 'net.client.socket';

/**
 * Runs `start` and takes in hand every client socket that comes of it. grpc-js shows its socket only once it is
 * connected, and keeps no hand on it before: a connection attempt into the void would outlive its client by minutes.
 *
 * @returns ends the watch
 */
export function bornSockets(start: () => void, take: (socket: Socket) => void): () => void {
  const storage = new AsyncLocalStorage<true>();
  const onSocket = (message: unknown): void => {
    if (storage.getStore()) take((message as { socket: Socket }).socket);
  };
  subscribe(CHANNEL, onSocket);
  storage.run(true, start);
  return () => {
    unsubscribe(CHANNEL, onSocket);
    // A storage that stays enabled costs the application something with every promise it makes.
    storage.disable();
  };
}
