import type {
  handleClientStreamingCall,
  handleUnaryCall,
  ServerReadableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { errorMessage } from '../../base/text';
import type { BackendProtocol } from '../protocol';
import type { CallLog } from '../record/recorder';
import { type Admission, type CallInterceptor, refusal, reply, type ServerAnswer } from './call-interceptor';
import { decodeMessage, encodeMessage } from './codec';
import { type Handle, type Methods, type Route, type StreamReader, unimplemented } from './methods';
import { knownRoutes, routesOf } from './schema';

const EMPTY = Buffer.alloc(0);
const IGNORE: StreamReader = { take: () => Promise.resolve() };

/** A stream of messages, as grpc-js wants it. Answered once every message that came has been looked at. */
function stream(
  route: Route,
  interceptor: CallInterceptor,
  begin: () => StreamReader,
): handleClientStreamingCall<Buffer, Buffer> {
  return (call, callback) => {
    const { log, passage } = interceptor.enter(route, call.metadata);
    call.on('cancelled', () => log.ended('CANCELLED'));
    // A stream that breaks off is no error of the server's.
    call.on('error', () => log.ended('CANCELLED'));
    const end: Parameters<typeof reply>[1] = (error, bytes) => callback(error, bytes);
    void passage.then(async (allowed) => {
      if (allowed.type === 'hang') return;
      if (allowed.type === 'refusal') {
        log.ended(allowed.code);
        reply(allowed, end);
        return;
      }
      try {
        const unit = route.method === 'collect' ? 'segments' : 'messages';
        await read(call, (count) => log.received({ [unit]: count }), allowed.type === 'pass' ? begin() : IGNORE);
        log.ended('OK');
        reply(allowed.type === 'message' ? allowed : { type: 'message', bytes: EMPTY }, end);
      } catch {
        log.ended('UNKNOWN');
        reply(refusal('UNKNOWN', route.failure), end);
      }
    });
  };
}

/** One message after the other: what cannot be looked at yet stays in the socket, and the client feels it. */
async function read(
  call: ServerReadableStream<Buffer, Buffer>,
  received: (count: number) => void,
  reader: StreamReader,
): Promise<void> {
  let count = 0;
  received(count);
  try {
    for await (const bytes of call as AsyncIterable<Buffer>) {
      received(++count);
      await reader.take(bytes);
    }
  } finally {
    reader.end?.();
  }
}

/** A method with one question and one answer, as grpc-js wants it. */
function unary(route: Route, interceptor: CallInterceptor, handle: Handle): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const { log, passage } = interceptor.enter(route, call.metadata);
    call.on('cancelled', () => log.ended('CANCELLED'));
    const request = parse(route, call.request);
    log.received(request ?? null);
    void passage
      .then((allowed) => answerTo(allowed, route, request, handle))
      .then((answer) => answer && end(answer, log, callback));
  };
}

function end(answer: ServerAnswer, log: CallLog, callback: Parameters<typeof reply>[1]): void {
  log.ended(answer.type === 'message' ? 'OK' : answer.code);
  reply(answer, callback);
}

async function answerTo(
  passage: Admission,
  { response, failure }: Route,
  request: Readonly<Record<string, unknown>> | undefined,
  handle: Handle,
): Promise<ServerAnswer | undefined> {
  if (passage.type === 'hang') return undefined;
  if (passage.type !== 'pass') return passage;
  if (!request) return refusal('UNKNOWN', failure);
  try {
    const value = await handle(request);
    return value ? { type: 'message', bytes: encodeMessage(response, value) } : refusal('UNKNOWN', failure);
  } catch (error) {
    // The storage failed; the reason helps the reader of the test.
    return refusal('UNKNOWN', errorMessage(error));
  }
}

function parse({ request }: Route, bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    return decodeMessage(request, bytes);
  } catch {
    return undefined;
  }
}

export interface Served {
  readonly route: Route;
  readonly handler: UntypedHandleCall;
}

/**
 * All that a backend of this protocol answers. Whatever else an agent might ask for is refused as a real server
 * refuses a method that it lacks, and noted: by that an agent finds out whom it talks to.
 */
export function serve(
  protocol: BackendProtocol,
  interceptor: CallInterceptor,
  { unary: single, streams }: Methods,
  /** Agents may connect to a node that does not, too. */
  receivesAgents: boolean,
): readonly Served[] {
  const own = receivesAgents ? routesOf(protocol) : [];
  const foreign = new Map(knownRoutes().map((route) => [route.path, route]));
  for (const { path } of own) foreign.delete(path);
  return [
    ...own.map((route) => ({ route, handler: handlerOf(route) })),
    // As streams, whose handler is asked before anything was read.
    ...[...foreign.values()].map((route) => ({
      route: { ...route, isStream: true },
      handler: unimplemented(route, interceptor),
    })),
  ];

  function handlerOf(route: Route): UntypedHandleCall {
    const [begin, handle] = [streams[route.method], single[route.method]];
    if (route.isStream && begin) return stream(route, interceptor, begin);
    if (!route.isStream && handle) return unary(route, interceptor, handle);
    throw new Error(`no handler for ${route.path}`);
  }
}
