import http, { type RequestOptions } from 'node:http';
import { amend, type Stored } from './head';
import { context, untraced } from '../trace/context';

const LINE = 'x-probe: 1\r\n';

/**
 * Whether this Node's ClientRequest is inside as we know it: its head is made by `_storeHeader`, where a line can be
 * added, and kept in `_header`, where one can be added later, and an agent is told the port. Found out by requests
 * that come to an agent which does nothing: no connection, no timer, nothing sent, 0.1 ms.
 */
export function nodeKeepsHeads(): boolean {
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
  for (const request of [listed, expecting] as Stored[]) amend(request, String(request._header), LINE);

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
