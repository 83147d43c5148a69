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
  ['http.ClientRequest.prototype.emit', http.ClientRequest.prototype, 'emit'],
  ['http.ClientRequest.prototype._storeHeader', http.ClientRequest.prototype, '_storeHeader'],
  ['http.request', http, 'request'],
  ['http.get', http, 'get'],
  ['https.request', https, 'request'],
  ['https.get', https, 'get'],
  ['net.Socket.prototype.connect', net.Socket.prototype, 'connect'],
  ['tls.TLSSocket.prototype._finishInit', tls.TLSSocket.prototype, '_finishInit'],
  ['timers.setInterval', timers, 'setInterval'],
];

/** What the agent listens to, by which all test files of this process hear each other's requests. */
const CHANNELS = [
  ...['create', 'headers', 'trailers', 'error'].map((event) => `undici:request:${event}`),
  'net.server.socket',
  'fastify.initialization',
  'tracing:fastify.request.handler:start',
];

const HELD = Symbol.for('skyanchor.test.unpatched');
/** As the first test file of this process found them. */
const held = http as { [HELD]?: unknown[] };
const unpatched = held[HELD] ?? values();
held[HELD] = unpatched;

function values(): unknown[] {
  return [...PATCHED.map(([, of, key]): unknown => Reflect.get(of, key)), ...CHANNELS.map(subscribersOf)];
}

/** The number of subscribers of a channel. */
export function subscribersOf(name: string): number {
  const subscribers: unknown = Reflect.get(channel(name), '_subscribers');
  return Array.isArray(subscribers) ? subscribers.length : 0;
}

/** What is patched or listened to now: an agent that was left running would trace the requests of the next test file, too. */
export function patchedNow(): string[] {
  const now = values();
  const names = [...PATCHED.map(([name]) => name), ...CHANNELS];
  return names.filter((_, at) => now[at] !== unpatched[at]);
}
