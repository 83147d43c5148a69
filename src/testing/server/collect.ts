import type { handleClientStreamingCall, ServerReadableStream } from '@grpc/grpc-js';
import type { CallLog } from '../record/recorder';
import { refusal, reply } from './answer';
import type { Gate } from './gate';

const EMPTY = Buffer.alloc(0);

/** The stream of segments, as grpc-js wants it. Answered once every segment that came has been looked at. */
export function collect(gate: Gate, take: (bytes: Buffer) => Promise<void>): handleClientStreamingCall<Buffer, Buffer> {
  return (call, callback) => {
    const { log, passage } = gate.enter('collect', call.metadata);
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
        await read(call, log, allowed.type === 'pass' ? take : () => Promise.resolve());
        log.ended('OK');
        reply(allowed.type === 'message' ? allowed : { type: 'message', bytes: EMPTY }, end);
      } catch {
        log.ended('UNKNOWN');
        reply(refusal('UNKNOWN'), end);
      }
    });
  };
}

/** One segment after the other: what cannot be looked at yet stays in the socket, and the client feels it. */
async function read(
  call: ServerReadableStream<Buffer, Buffer>,
  log: CallLog,
  take: (bytes: Buffer) => Promise<void>,
): Promise<void> {
  let segments = 0;
  log.received({ segments });
  for await (const bytes of call as AsyncIterable<Buffer>) {
    log.received({ segments: ++segments });
    await take(bytes);
  }
}
