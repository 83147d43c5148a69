import type { ClientRequest } from 'node:http';
import http, { type RequestOptions } from 'node:http';
import { isKnownHeader, type KnownHeader } from '../../../model/known-header';
import { context, untraced } from '../../../tracing/context';
import { isHandedOn } from '../../../tracing/propagation/headers';
import { withoutLines } from '../header-lines';

/** What Node's ClientRequest keeps of its head; internal, and known to be so by `nodeKeepsHeads`. */
export interface Stored {
  /** The head as text, once it is stored. */
  _header?: unknown;
  /** What waits for a socket. */
  outputData?: readonly { data?: unknown }[];
}

/** The head of one request, while we add to it. */
export class RequestHead {
  /** What comes between the request line and the caller's own headers. */
  lines = '';

  constructor(
    private readonly request: ClientRequest,
    /** The head, if it is stored already. */
    public stored: string | undefined,
  ) {}

  static add(this: void, head: RequestHead, name: string, value: string, forwarded?: KnownHeader): void {
    if (!head.has(name)) head.lines += `${name}: ${value}\r\n`;
    else if (forwarded !== undefined) head.replace(name, forwarded, value);
  }

  static remove(this: void, head: RequestHead, name: string, came: KnownHeader | null): void {
    const { request, stored } = head;
    if (stored !== undefined) head.stored = withoutLines(stored, name, came);
    else if (isHandedOn(request.getHeader(name), came)) request.removeHeader(name);
  }

  private has(name: string): boolean {
    if (this.stored === undefined) return this.request.hasHeader(name);
    return this.stored.toLowerCase().includes(`\r\n${name}:`);
  }

  private replace(name: string, old: KnownHeader, value: string): void {
    const { request, stored } = this;
    if (stored === undefined) {
      if (isKnownHeader(request.getHeader(name), old)) request.setHeader(name, value);
      return;
    }
    const start = stored.toLowerCase().indexOf(`\r\n${name}:`) + 2 + name.length + 1;
    const end = stored.indexOf('\r\n', start);
    if (isKnownHeader(stored.slice(start, end).trim(), old))
      this.stored = `${stored.slice(0, start)} ${value}${stored.slice(end)}`;
  }
}

/** Puts lines into a head that is stored and not sent. @param changed the head as it is to be, but for the lines */
export function insertHeaders(request: Stored, stored: string, lines: string, changed = stored): void {
  const at = changed.indexOf('\r\n') + 2;
  const amended = changed.slice(0, at) + lines + changed.slice(at);
  // With `Expect: 100-continue` it stands in the queue already, and what is there is sent.
  const first = request.outputData?.[0];
  if (typeof first?.data === 'string' && first.data.startsWith(stored)) {
    first.data = amended + first.data.slice(stored.length);
  }
  request._header = amended;
}

const LINE = 'x-probe: 1\r\n';

/**
 * Whether this Node's ClientRequest is inside as we know it: its head is made by `_storeHeader`, where a line can be
 * added, and kept in `_header`, where one can be added later, and an agent is told the port. Found out by requests
 * that come to an agent which does nothing: no connection, no timer, nothing sent, 0.1 ms.
 */
export function supportsHeaderInjection(): boolean {
  try {
    return context.run(untraced, probe);
  } catch {
    return false;
  }
}

function probe(): boolean {
  const told: unknown[] = [];
  const agent = {
    defaultPort: 81,
    protocol: 'http:',
    addRequest: (_request: unknown, { host, port }: RequestOptions) => told.push(host, port),
  };
  const asked = { agent, host: 'localhost', path: '/', method: 'GET' };

  class Probe extends http.ClientRequest {
    _storeHeader(firstLine: string, headers: unknown): void {
      const { _storeHeader } = http.ClientRequest.prototype as unknown as Record<'_storeHeader', StoreHeader>;
      _storeHeader.call(this, firstLine + LINE, headers);
    }
  }
  const late = new Probe({ ...asked, port: 82 } as never);
  late.setHeader('a', 'b');
  late.flushHeaders();
  const listed = new http.ClientRequest({ ...asked, headers: ['a', 'b'] } as never);
  const expecting = new http.ClientRequest({ ...asked, headers: { a: 'b', expect: '100-continue' } } as never);
  for (const request of [listed, expecting] as Stored[]) insertHeaders(request, String(request._header), LINE);

  const heads = [late, listed, expecting].map((request) => String((request as Stored)._header));
  const queued = String((expecting as Stored).outputData?.[0]?.data);
  return (
    told.join() === 'localhost,82,localhost,81,localhost,81' &&
    queued === heads[2] &&
    heads.every((head) => head.startsWith(`GET / HTTP/1.1\r\n${LINE}`) && head.split(LINE).length === 2) &&
    heads.every((head) => head.includes('\r\na: b\r\n'))
  );
}

type StoreHeader = (this: unknown, firstLine: string, headers: unknown) => void;
