import { errorMessage } from '../../base/text';
import { failed, ok, retryable, type Outcome } from '../../base/outcome';
import type { Clock } from '../../base/clock';
import type { BackendConnection } from '../backend-connection';
import { formatFrame, parseFrame } from './frame';
import { shouldFailOver, toOutcome } from './grpc-status';
import { startDeadline } from '../../base/deadline';
import { StreamCall } from './stream-call';
import { CALL_MS, type UnaryCall } from './unary-call';

/** One call over the connection's own session, not its grpc-js channel: it reaches the server that the segments will reach. */
export async function sessionCall(
  connection: BackendConnection,
  { path, request }: UnaryCall,
  clock: Clock,
  signal: AbortSignal,
): Promise<Outcome<Buffer>> {
  let call: StreamCall;
  try {
    call = new StreamCall(connection, path);
  } catch (error) {
    return retryable(`${path}: ${errorMessage(error)}`);
  }
  const bound = startDeadline(clock, CALL_MS, signal);
  bound.signal.addEventListener('abort', () =>
    call.cancel(bound.timedOut ? 'DEADLINE_EXCEEDED' : 'CANCELLED', bound.reason),
  );
  if (bound.signal.aborted) call.cancel('CANCELLED', bound.reason);
  call.end(formatFrame(request));
  const { name, details, body } = await call.ended;
  bound.dispose();
  if (shouldFailOver(name)) connection.fail(`${path}: ${name}`);
  if (name !== 'OK') return toOutcome(name, details);
  const message = parseFrame(body);
  return message ? ok(message) : failed('INTERNAL', `${path}: the answer is not one plain gRPC message`);
}
