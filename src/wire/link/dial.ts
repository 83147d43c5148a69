import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock';
import type { Address } from '../backend-options';
import { limit } from '../call/limit';
import { modules } from '../../base/lazy';
import { attempt } from './attempt';
import type { LastGuest } from './last-guest';
import { quiet } from './quiet';

/** Opens a TCP connection, to the first address of the host that takes one. */
export async function dial(
  { host, port }: Address,
  connectMs: number,
  clock: Clock,
  guest: LastGuest,
  signal: AbortSignal,
): Promise<Socket> {
  const found = await lookUp(host, signal);
  // A host of several addresses, one of which swallows everything, must leave time for the others.
  const eachMs = connectMs / found.length;
  let fault: unknown = new Error(`${host} has no address`);
  for (const { address } of found) {
    const bound = limit(clock, eachMs, signal);
    try {
      return await dialOne({ host: address, port }, guest, bound.signal);
    } catch (error) {
      fault = error;
    } finally {
      bound.lift();
    }
    signal.throwIfAborted();
  }
  throw fault;
}

/** A name server that hangs cannot be cancelled, and holds the process up as long as it does. */
function lookUp(host: string, signal: AbortSignal): Promise<LookupAddress[]> {
  const dispose = (): void => undefined;
  return attempt(signal, dispose, (come, fail) => {
    modules.dns().lookup(host, { all: true }, (error, addresses) => {
      if (error) fail(error);
      else come(addresses);
    });
  });
}

async function dialOne(address: Address, guest: LastGuest, signal: AbortSignal): Promise<Socket> {
  const socket = quiet(modules.net().connect({ ...address, noDelay: true }));
  const unwatch = guest.watch(() => socket.destroy(new Error('nothing else kept the process up')));
  const dispose = (): void => void socket.destroy();
  try {
    return await attempt(signal, dispose, (come, fail) => {
      socket.once('connect', () => come(socket)).once('error', fail);
    });
  } finally {
    unwatch();
  }
}
