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
    private readonly stored: string | undefined,
  ) {}

  /** A header that the caller set himself is his. */
  static add(this: void, head: Head, name: string, value: string): void {
    if (!head.has(name)) head.lines += `${name}: ${value}\r\n`;
  }

  private has(name: string): boolean {
    if (this.stored === undefined) return this.request.hasHeader(name);
    return this.stored.toLowerCase().includes(`\r\n${name}:`);
  }
}

/** Puts lines into a head that is stored and not sent. */
export function amend(request: Stored, stored: string, lines: string): void {
  const at = stored.indexOf('\r\n') + 2;
  const amended = stored.slice(0, at) + lines + stored.slice(at);
  // With `Expect: 100-continue` it stands in the queue already, and what is there is sent.
  const first = request.outputData?.[0];
  if (typeof first?.data === 'string' && first.data.startsWith(stored)) {
    first.data = amended + first.data.slice(stored.length);
  }
  request._header = amended;
}
