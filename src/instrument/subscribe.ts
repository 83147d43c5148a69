import { channel, subscribe, unsubscribe, type Channel } from 'node:diagnostics_channel';
import type { Undo } from './patch';

/** Node publishes each connection of a server under this name, before there is a request on it. */
export const SERVER_CONNECTION = 'net.server.socket';

const held = new Set<Channel>();

/**
 * Subscribes to a diagnostics channel. The channel is held for good, also without subscribers: on Node 20, when a channel
 * that nothing holds is collected, the next one of its name is lost with it, and what is published by that one reaches
 * no subscriber.
 */
export function subscribeTo(name: string, listener: (message: unknown) => void): Undo {
  held.add(channel(name));
  subscribe(name, listener);
  return () => void unsubscribe(name, listener);
}
