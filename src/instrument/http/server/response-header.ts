import http, { type ServerResponse } from 'node:http';
import { Span } from '../../../model/segment';
import { untraced } from '../../../tracing/context';
import { patch, type Undo } from '../../patch';
import { SCOPE, type Scoped } from '../../scoped';

// As they are now: test doubles replace what the module exports.
const { ServerResponse: Response, validateHeaderValue } = http;

/** What Node's ServerResponse keeps of its head. */
interface Head {
  /** The head as text, once it is made. */
  _header?: unknown;
  _headerSent?: unknown;
}

/** Makes the head of a response from its status line and headers, by whichever call it is sent. */
type StoreHeader = (this: ServerResponse & Head, statusLine: string, headers: unknown) => unknown;

/**
 * Puts the trace id into the heads of responses, where Node has made them and not sent them yet. No `setHeader` before:
 * after that `writeHead` takes no list of pairs, on Node 20 loses all but the last of a repeated header in a flat list,
 * and the application finds among its headers what it has not set.
 */
export function responseHeader(name: string): Undo {
  const key = `\r\n${name.toLowerCase()}:`;
  return patch<StoreHeader>(Response.prototype, '_storeHeader', (layer) => {
    return function _storeHeader(statusLine, headers) {
      const stored = layer.below.call(this, statusLine, headers);
      if (layer.isOn) addLine(this, name, key);
      return stored;
    };
  });
}

/** A header of the same name which the application has set itself is the one that counts. */
function addLine(response: Head & Scoped, name: string, key: string): void {
  try {
    const { _header: head, [SCOPE]: scope } = response;
    if (scope === undefined || scope === untraced || typeof head !== 'string') return;
    if (response._headerSent === true || head.toLowerCase().includes(key)) return;
    const id = String(scope instanceof Span ? scope.segment.traceId : scope.traceId);
    // A caller chooses it.
    validateHeaderValue(name, id);
    const at = head.indexOf('\r\n') + 2;
    if (at < 2) return;
    response._header = `${head.slice(0, at)}${name}: ${id}\r\n${head.slice(at)}`;
  } catch {
    // It is none that a header may hold: the response goes without.
  }
}
