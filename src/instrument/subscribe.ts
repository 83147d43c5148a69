import { channel, subscribe, unsubscribe, type Channel } from 'node:diagnostics_channel';
import type { Undo } from './patch';

/** Node publishes each connection of a server under this name, before there is a request on it. */
export const SERVER_CONNECTION = 'net.server.socket';

/**
 * On a channel: what takes our subscribers off, by their use. As with a patch, a second copy of this package in one
 * process takes those of the first one off: it would trace every call as well, and give it the header of a trace of its own.
 */
const UNDOS = Symbol.for('skyanchor.undos');

interface OurChannel extends Channel {
  [UNDOS]?: Map<string, Undo>;
}

const held = new Set<Channel>();

/**
 * Subscribes to a diagnostics channel. The channel is held for good, also without subscribers: on Node 20, when a channel
 * that nothing holds is collected, the next one of its name is lost with it, and what is published by that one reaches
 * no subscriber.
 *
 * Nothing is thrown: what a subscriber throws ends the process, and any code may publish anything.
 *
 * @param use tells our subscribers of one channel apart
 */
export function subscribeTo(name: string, listener: (message: unknown) => void, use = ''): Undo {
  const ours: OurChannel = channel(name);
  held.add(ours);
  const undos = ours[UNDOS] ?? new Map<string, Undo>();
  ours[UNDOS] = undos;
  undos.get(use)?.();
  const heard = (message: unknown): void => {
    try {
      listener(message);
    } catch {
      // No message of the library's: a proxy that refuses, or nothing at all.
    }
  };
  const undo = (): void => {
    unsubscribe(name, heard);
    if (undos.get(use) === undo) undos.delete(use);
  };
  undos.set(use, undo);
  subscribe(name, heard);
  return undo;
}
