'use strict';

const net = require('node:net');

const BLANK_LINE = Buffer.from('\r\n\r\n');

/** How long the answers of a server are, of which all are alike. The first one is read, the others are measured by it. */
function lengthOf(answer) {
  const end = answer.indexOf(BLANK_LINE);
  if (end === -1) return undefined;
  const head = answer.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(`the server answers: ${head.split('\r\n')[0]}`);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length === undefined) throw new Error('the server answers without a content-length');
  return end + BLANK_LINE.length + Number(length);
}

/** One connection that is kept, with one request at a time: it costs less than the server it is to load. */
class Connection {
  constructor(port, request) {
    this.request = request;
    this.expected = undefined;
    this.received = [];
    this.bytes = 0;
    this.onAnswer = undefined;
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.on('error', (error) => this.onError?.(error));
    this.socket.on('close', () => this.onError?.(new Error('the server hung up')));
  }

  send(onAnswer) {
    this.onAnswer = onAnswer;
    this.socket.write(this.request);
  }

  take(chunk) {
    this.bytes += chunk.length;
    if (this.expected === undefined) {
      this.received.push(chunk);
      this.expected = lengthOf(Buffer.concat(this.received));
    }
    if (this.expected === undefined || this.bytes < this.expected) return;
    this.bytes -= this.expected;
    this.onAnswer();
  }

  close() {
    this.onError = undefined;
    this.socket.destroy();
  }
}

module.exports = { Connection };
