'use strict';

/*
 * The floor: the least that an agent does for a request of hello world, in memory and without care for anything else. It
 * puts the request into a scope, opens one span, looks for a carrier, sees the end and encodes the segment for a v2
 * backend. `npm run bench:floor` measures it beside the agent; `node --require ./bench/floor.js app.js` loads it.
 *
 * What makes it cheap and no agent: it knows one kind of request, so the bytes of a segment are copied whole, with ids and
 * times patched in; nothing listens in the scope of a body that arrives late; nothing is sent.
 */

const { AsyncLocalStorage } = require('node:async_hooks');
const { subscribe } = require('node:diagnostics_channel');
const http = require('node:http');

const SERVICE = 5;
const INSTANCE = 11;
const PROCESS = 10_000 + Math.floor(90_000 * Math.random());
const TWO_28 = 2 ** 28;

const context = new AsyncLocalStorage();
const SPAN = Symbol('span');
const buffer = Buffer.alloc(768 * 1024);
let filled = 0;
let lastMillis = 0;
let sequence = 0;

/** The span, its segment and its trace in one. The ids differ in their last number, which is a pair of this process. */
class Span {
  endTime = 0;

  constructor(startTime, firstSequence, { method, url, headers }) {
    this.startTime = startTime;
    this.sequence = firstSequence;
    this.method = method;
    const query = url.indexOf('?');
    this.path = query === -1 ? url : url.slice(0, query);
    this.host = headers.host;
    this.carrier = headers.sw6;
  }
}

function open(request, response) {
  const now = Date.now();
  if (now > lastMillis) {
    lastMillis = now;
    sequence = 0;
  }
  const span = new Span(now, sequence, request);
  sequence += 2;
  response[SPAN] = span;
  // The connection knows its open span, so that one listener serves all of its requests.
  request.socket[SPAN] = span;
  return span;
}

function end(span, status) {
  if (span === undefined || span.endTime !== 0) return;
  span.endTime = Date.now();
  encode(span, status);
}

function onClose() {
  end(this[SPAN], 0);
}

const { emit } = http.Server.prototype;

function emitRequest(server, request, response) {
  return emit.call(server, 'request', request, response);
}

http.Server.prototype.emit = function (event, first, second) {
  if (event === 'request') return context.run(open(first, second), emitRequest, this, first, second);
  if (event === 'connection') first.once('close', onClose);
  return emit.apply(this, arguments);
};

subscribe('http.server.response.finish', ({ response }) => end(response[SPAN], response.statusCode));

/** What a segment of the last kind of request looks like, and where its ids and times are in it. */
let template = { path: undefined };

function encode(span, status) {
  const { host, path, method } = span;
  if (template.path !== path || template.host !== host || template.method !== method || template.status !== status) {
    template = templateOf(host, path, method, status);
  }
  const { bytes, traceId, segmentId, start } = template;
  // An agent would send it now.
  if (filled + bytes.length > buffer.length) filled = 0;
  buffer.set(bytes, filled);
  writeId(filled + traceId, span.startTime, span.sequence);
  writeId(filled + segmentId, span.startTime, span.sequence + 1);
  writeTime(filled + start, span.startTime);
  writeTime(filled + start + 7, span.endTime);
  filled += bytes.length;
}

/** Four bytes of a number in base 128, each of which says that more follow. */
function write28(at, value) {
  buffer[at] = (value & 127) | 128;
  buffer[at + 1] = ((value >>> 7) & 127) | 128;
  buffer[at + 2] = ((value >>> 14) & 127) | 128;
  buffer[at + 3] = (value >>> 21) | 128;
}

/** `millis`, in six bytes. */
function writeTime(at, millis) {
  const high = Math.floor(millis / TWO_28);
  write28(at, millis - high * TWO_28);
  buffer[at + 4] = (high & 127) | 128;
  buffer[at + 5] = high >>> 7;
}

/** `millis * 10000 + number`, which is more than a double holds, in eight bytes. */
function writeId(at, millis, number) {
  const high = Math.floor(millis / TWO_28);
  const low = (millis - high * TWO_28) * 10_000 + number;
  const carry = Math.floor(low / TWO_28);
  write28(at, low - carry * TWO_28);
  write28(at + 4, high * 10_000 + carry);
  buffer[at + 7] &= 127;
}

const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const field = (tag, bytes) => [tag, ...varint(bytes.length), ...bytes];
const tagPair = (key, value) => field(0x7a, [...field(0x0a, Buffer.from(key)), ...field(0x12, Buffer.from(value))]);

/** An `UpstreamSegment` behind the five bytes that gRPC puts before a message. */
function templateOf(host, path, method, status) {
  const id = field(0x0a, field(0x0a, [...varint(INSTANCE), ...varint(PROCESS), ...Array(8)]));
  const parent = [0x10, ...Array(9).fill(0xff), 1];
  const named = [...field(0x3a, Buffer.from(path)), 0x58, 3, 0x60, 49];
  const tags = [tagPair('url', `http://${host}${path}`), tagPair('http.method', method)];
  if (status !== 0) tags.push(tagPair('status_code', String(status)));
  const span = [...parent, 0x18, ...Array(6), 0x20, ...Array(6), ...named, ...tags.flat()];
  const segment = [...id, ...field(0x12, span), 0x18, SERVICE, 0x20, INSTANCE];
  const message = [...id, ...field(0x12, segment)];
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const bytes = Uint8Array.from([...head, ...message]);
  const segmentAt = bytes.length - segment.length;
  const spanAt = segmentAt + id.length + field(0x12, span).length - span.length;
  const [traceId, segmentId] = [5 + id.length - 8, segmentAt + id.length - 8];
  return { host, path, method, status, bytes, traceId, segmentId, start: spanAt + parent.length + 1 };
}

module.exports = { encoded: () => buffer.subarray(0, filled) };
