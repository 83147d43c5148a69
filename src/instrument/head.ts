import type { ClientRequest } from 'node:http';

/** What Node's ClientRequest keeps of its head; internal, and known to be so by `nodeKeepsHeads`. */
export interface Stored {
  /** The head as text, once it is stored. */
  _header?: unknown;
  /** What waits for a socket. */
  outputData?: readonly { data?: unknown }[];
}

/** The head of one request, while we add to it. */
export class Head {
  /** What comes between the request line and the caller's own headers. */
  lines = '';

  constructor(
    private readonly request: ClientRequest,
    /** The head, if it is stored already. */
    public stored: string | undefined,
  ) {}

  static add(this: void, head: Head, name: string, value: string, forwarded?: string): void {
    if (!head.has(name)) head.lines += `${name}: ${value}\r\n`;
    else if (forwarded !== undefined) head.replace(name, forwarded, value);
  }

  private has(name: string): boolean {
    if (this.stored === undefined) return this.request.hasHeader(name);
    return this.stored.toLowerCase().includes(`\r\n${name}:`);
  }

  private replace(name: string, old: string, value: string): void {
    const { request, stored } = this;
    if (stored === undefined) {
      if (request.getHeader(name) === old) request.setHeader(name, value);
      return;
    }
    const start = stored.toLowerCase().indexOf(`\r\n${name}:`) + 2 + name.length + 1;
    const end = stored.indexOf('\r\n', start);
    if (stored.slice(start, end).trim() === old) this.stored = `${stored.slice(0, start)} ${value}${stored.slice(end)}`;
  }
}

/** Puts lines into a head that is stored and not sent. @param changed the head as it is to be, but for the lines */
export function amend(request: Stored, stored: string, lines: string, changed = stored): void {
  const at = changed.indexOf('\r\n') + 2;
  const amended = changed.slice(0, at) + lines + changed.slice(at);
  // With `Expect: 100-continue` it stands in the queue already, and what is there is sent.
  const first = request.outputData?.[0];
  if (typeof first?.data === 'string' && first.data.startsWith(stored)) {
    first.data = amended + first.data.slice(stored.length);
  }
  request._header = amended;
}
