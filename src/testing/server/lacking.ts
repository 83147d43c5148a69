import type { sendUnaryData, ServerUnaryCall, UntypedHandleCall } from '@grpc/grpc-js';
import { refusal, reply } from './answer';
import type { Gate } from './gate';
import type { Route } from './route';

/** A method that this backend does not have. No token is asked for, and nothing is read. */
export function lacking({ method, path }: Route, gate: Gate): UntypedHandleCall {
  const handle = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const { log, passage } = gate.enter({ method, path, isLacking: true }, call.metadata);
    call.on('cancelled', () => log.ended('CANCELLED'));
    call.on('error', () => log.ended('CANCELLED'));
    void passage.then((allowed) => {
      if (allowed.type === 'hang') return;
      const answer = allowed.type === 'pass' ? refusal('UNIMPLEMENTED', `Method not found: ${path.slice(1)}`) : allowed;
      log.ended(answer.type === 'message' ? 'OK' : answer.code);
      reply(answer, callback);
    });
  };
  return handle as UntypedHandleCall;
}
