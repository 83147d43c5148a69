import type { handleUnaryCall } from '@grpc/grpc-js';
import { errorMessage } from '../../base/text';
import type { CallLog } from '../record/recorder';
import { type ServerAnswer, refusal, reply } from './answer';
import { decodeMessage, encodeMessage } from './codec';
import type { CallInterceptor, Admission } from './call-interceptor';
import type { Handle, Route } from './methods';

/** A method with one question and one answer, as grpc-js wants it. */
export function unary(route: Route, gate: CallInterceptor, handle: Handle): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const { log, passage } = gate.enter(route, call.metadata);
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
