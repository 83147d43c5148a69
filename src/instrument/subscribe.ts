import { channel, subscribe, unsubscribe, type Channel } from 'node:diagnostics_channel';
import type { Undo } from './patch';

/** Node publishes each connection of a server under this name, before there is a request on it. */
export const SERVER_CONNECTION = 'net.server.socket';

const held = new Set<Channel>();

/**
 * Listens to what is published under a name. The channel is held for good, also when nobody listens any more: on Node 20
 * one that was made and forgotten takes the next of its name with it when it is collected, and whoever publishes by that
 * one is heard no more.
 */
export function subscribeTo(name: string, listener: (message: unknown) => void): Undo {
  held.add(channel(name));
  subscribe(name, listener);
  return () => void unsubscribe(name, listener);
}
