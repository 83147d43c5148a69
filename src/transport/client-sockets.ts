import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

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
