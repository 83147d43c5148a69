import { channel } from 'node:diagnostics_channel';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import timers from 'node:timers';
import tls from 'node:tls';

/** What the agent patches of Node's own modules, which all test files of this process share. */
const PATCHED: readonly (readonly [name: string, of: object, key: string])[] = [
  ['http.Server.prototype.emit', http.Server.prototype, 'emit'],
  ['https.Server.prototype.emit', https.Server.prototype, 'emit'],
  ['http.IncomingMessage.prototype.emit', http.IncomingMessage.prototype, 'emit'],
  ['http.ServerResponse.prototype.emit', http.ServerResponse.prototype, 'emit'],
  ['http.ClientRequest.prototype.emit', http.ClientRequest.prototype, 'emit'],
  ['http.ClientRequest.prototype._storeHeader', http.ClientRequest.prototype, '_storeHeader'],
  ['http.ClientRequest.prototype.destroy', http.ClientRequest.prototype, 'destroy'],
  ['http.request', http, 'request'],
  ['http.get', http, 'get'],
  ['https.request', https, 'request'],
  ['https.get', https, 'get'],
  ['net.Socket.prototype.connect', net.Socket.prototype, 'connect'],
  ['tls.TLSSocket.prototype._finishInit', tls.TLSSocket.prototype, '_finishInit'],
  ['timers.setInterval', timers, 'setInterval'],
];

/** The channels that it subscribes to, of which there is one of a name in a process. */
const CHANNELS: readonly string[] = [
  ...['create', 'headers', 'trailers', 'error'].map((event) => `undici:request:${event}`),
  'fastify.initialization',
  'net.client.socket',
  'net.server.socket',
  'tracing:fastify.request.handler:start',
];

/** What lies in a place that can be patched or subscribed to, by its name. */
type Places = ReadonlyMap<string, readonly unknown[]>;

/** Kept for the whole process: what the last test file left, and which one that was. */
interface Last {
  readonly file: string;
  readonly places: Places;
}

const HELD = Symbol.for('skyanchor.test.last');
const held = http as { [HELD]?: Last };

/** Those that listen to a channel now; Node has no public name for them. */
export function subscribersOf(name: string): readonly unknown[] {
  const subscribers: unknown = Reflect.get(channel(name), '_subscribers');
  return Array.isArray(subscribers) ? [...(subscribers as unknown[])] : [];
}

function placesNow(): Places {
  return new Map([
    ...PATCHED.map(([name, of, key]): [string, unknown[]] => [name, [Reflect.get(of, key)]]),
    ...CHANNELS.map((name): [string, readonly unknown[]] => [`a subscriber of ${name}`, subscribersOf(name)]),
  ]);
}

function changed(before: Places, now: Places): string[] {
  return [...now]
    .filter(([name, values]) => values.some((one) => !before.get(name)!.includes(one)))
    .map(([name]) => name);
}

/**
 * Sees what a test file leaves patched or subscribed: an agent that was left running would trace the requests of the
 * next file of this process, too.
 */
export class Leftovers {
  private readonly before = placesNow();
  /** The test after which something was seen first. */
  private readonly since = new Map<string, string>();
  private test = 'no test';

  constructor(private readonly file: string) {}

  /** What came since the file before this one had ended: a promise or a timer of its own brought it. */
  ofFileBefore(): string[] {
    const { [HELD]: last } = held;
    return last ? changed(last.places, this.before).map((name) => `${name}, left by ${last.file} after its end`) : [];
  }

  /** The test before it has ended, with all that undoes it. */
  begin(test: string): void {
    this.note(placesNow());
    this.test = `"${test}"`;
  }

  /** When the file has ended: what of it is left, and since which test. The next file is not blamed for it. */
  atEnd(): string[] {
    const now = placesNow();
    held[HELD] = { file: this.file, places: now };
    return this.note(now).map((name) => `${name}, left by ${this.since.get(name)}`);
  }

  private note(now: Places): string[] {
    const left = changed(this.before, now);
    for (const name of [...this.since.keys()]) if (!left.includes(name)) this.since.delete(name);
    for (const name of left) if (!this.since.has(name)) this.since.set(name, this.test);
    return left;
  }
}
