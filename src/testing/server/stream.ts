import type { handleClientStreamingCall, ServerReadableStream } from '@grpc/grpc-js';
import { refusal, reply } from './answer';
import type { CallInterceptor } from './call-interceptor';
import type { StreamReader, Route } from './methods';

const EMPTY = Buffer.alloc(0);
const IGNORE: StreamReader = { take: () => Promise.resolve() };

/** A stream of messages, as grpc-js wants it. Answered once every message that came has been looked at. */
export function stream(
  route: Route,
  gate: CallInterceptor,
  begin: () => StreamReader,
): handleClientStreamingCall<Buffer, Buffer> {
  return (call, callback) => {
    const { log, passage } = gate.enter(route, call.metadata);
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
