import type { handleUnaryCall } from '@grpc/grpc-js';
import { messageOf } from '../../base/errors';
import type { Method } from '../record/call';
import type { CallLog } from '../record/recorder';
import { type Answer, refusal, reply } from './answer';
import { decode, encode } from './codec';
import type { Gate, Passage } from './gate';
import { schema } from './schema';

/** `undefined`: the handler of the real server throws. */
export type Handle = (
  request: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>> | undefined>;

/** A method with one question and one answer, as grpc-js wants it. */
export function unary(method: Method, gate: Gate, handle: Handle): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const { log, passage } = gate.enter(method, call.metadata);
    call.on('cancelled', () => log.ended('CANCELLED'));
    const request = parse(method, call.request);
    log.received(request ?? null);
    void passage
      .then((allowed) => answerTo(allowed, method, request, handle))
      .then((answer) => answer && end(answer, log, callback));
  };
}

function end(answer: Answer, log: CallLog, callback: Parameters<typeof reply>[1]): void {
  log.ended(answer.type === 'message' ? 'OK' : answer.code);
  reply(answer, callback);
}

async function answerTo(
  passage: Passage,
  method: Method,
  request: Readonly<Record<string, unknown>> | undefined,
  handle: Handle,
): Promise<Answer | undefined> {
  if (passage.type === 'hang') return undefined;
  if (passage.type !== 'pass') return passage;
  // The real server says no more than that when a message does not parse or a handler throws.
  if (!request) return refusal('UNKNOWN');
  try {
    const value = await handle(request);
    return value ? { type: 'message', bytes: encode(schema().methods[method].response, value) } : refusal('UNKNOWN');
  } catch (error) {
    // The storage; here somebody is helped by knowing why.
    return refusal('UNKNOWN', messageOf(error));
  }
}

function parse(method: Method, bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    return decode(schema().methods[method].request, bytes);
  } catch {
    return undefined;
  }
}
