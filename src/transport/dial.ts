import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock';
import type { Address } from './backend-options';
import { startDeadline } from '../base/deadline';
import { modules } from '../base/lazy';
import { withAbort } from './with-abort';
import { type IdleProcessGuard, unrefSocket } from './socket-guards';

/** The most addresses of a host that one attempt tries; the next one picks others. With more, none would have time to answer. */
const MAX_ADDRESSES = 16;

/** Opens a TCP connection, to the first address of the host that takes one. */
export async function dial(
  { host, port }: Address,
  connectMs: number,
  clock: Clock,
  idleGuard: IdleProcessGuard,
  signal: AbortSignal,
): Promise<Socket> {
  const found = shuffled(await lookUp(host, clock, signal), clock).slice(0, MAX_ADDRESSES);
  // A host of several addresses, one of which swallows everything, must leave time for the others.
  const eachMs = connectMs / found.length;
  let fault: unknown = new Error(`${host} has no address`);
  for (const { address } of found) {
    const bound = startDeadline(clock, eachMs, signal);
    try {
      return await dialOne({ host: address, port }, idleGuard, bound.signal);
    } catch (error) {
      fault = error;
    } finally {
      bound.dispose();
    }
    signal.throwIfAborted();
  }
  throw fault;
}

/** Resolvers often answer in one order: every agent would take the first node of a cluster behind one name. */
export function shuffled<T>(items: readonly T[], clock: Clock): readonly T[] {
  return items
    .map((item) => ({ item, order: clock.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);
}

/** An address is no name: it is not looked up on a thread. */
const LITERAL = /^[\d.]+$|:/;

/** The application may have put a function of its own in the place of Node's, one that forgets to answer. */
const FORGOTTEN_MS = 60_000;

interface NameLookup {
  readonly host: string;
  readonly addresses: Promise<LookupAddress[]>;
  /** In milliseconds of the clock. */
  readonly begunAt: number;
}

let underWay: NameLookup | undefined;

/**
 * One at a time, and the same for all who ask for the host meanwhile. A lookup cannot be cancelled, and goes on for some
 * 20 s where a name server hangs. Node has two threads for lookups (of four, `UV_THREADPOOL_SIZE`): a second one, made
 * when an attempt to connect was given up, would leave none to the application.
 */
async function lookUp(host: string, clock: Clock, signal: AbortSignal): Promise<LookupAddress[]> {
  if (LITERAL.test(host)) return orAbort(find(host), signal);
  for (let other = lookupUnderWay(clock); other && other.host !== host; other = lookupUnderWay(clock)) {
    const end = other.addresses.catch(() => undefined);
    await orAbort(end, signal);
  }
  underWay = lookupUnderWay(clock) ?? begin(host, clock);
  return orAbort(underWay.addresses, signal);
}

function lookupUnderWay(clock: Clock): NameLookup | undefined {
  return underWay && clock.elapsed() - underWay.begunAt < FORGOTTEN_MS ? underWay : undefined;
}

function begin(host: string, clock: Clock): NameLookup {
  const lookup = { host, addresses: find(host), begunAt: clock.elapsed() };
  const end = (): void => {
    if (underWay === lookup) underWay = undefined;
  };
  lookup.addresses.then(end, end);
  return lookup;
}

function find(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    modules.dns().lookup(host, { all: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses);
    });
  });
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const dispose = (): void => undefined;
  // Where the signal was aborted before, nothing else listens.
  promise.catch(dispose);
  return withAbort(signal, dispose, (come, fail) => void promise.then(come, fail));
}

async function dialOne(address: Address, idleGuard: IdleProcessGuard, signal: AbortSignal): Promise<Socket> {
  const socket = unrefSocket(modules.net().connect({ ...address, noDelay: true }));
  idleGuard.add(socket);
  const unwatch = idleGuard.guard(() => socket.destroy(new Error('nothing else kept the process up')));
  const dispose = (): void => void socket.destroy();
  try {
    return await withAbort(signal, dispose, (come, fail) => {
      socket.once('connect', () => come(socket)).once('error', fail);
    });
  } finally {
    unwatch();
  }
}
