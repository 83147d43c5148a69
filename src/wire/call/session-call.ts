import { messageOf } from '../../base/errors';
import { failed, ok, retryable, type Outcome } from '../../base/outcome';
import type { Clock } from '../../base/clock';
import type { Link } from '../link/link';
import { formatFrame, parseFrame } from './frame';
import { isRepellent, refusal } from './grpc-status';
import { limit } from './limit';
import { StreamCall } from './stream-call';
import { CALL_MS, type UnaryCall } from './unary-call';

/** One call over the link's own session, not its grpc-js channel: it reaches the server that the segments will reach. */
export async function sessionCall(
  link: Link,
  { path, request, metadata }: UnaryCall,
  clock: Clock,
  signal: AbortSignal,
): Promise<Outcome<Buffer>> {
  let call: StreamCall;
  try {
    call = new StreamCall(link, path, metadata);
  } catch (error) {
    return retryable(`${path}: ${messageOf(error)}`);
  }
  const bound = limit(clock, CALL_MS, signal);
  bound.signal.addEventListener('abort', () =>
    call.cancel(bound.isOverdue ? 'DEADLINE_EXCEEDED' : 'CANCELLED', bound.reason),
  );
  if (bound.signal.aborted) call.cancel('CANCELLED', bound.reason);
  call.end(formatFrame(request));
  const { name, details, body } = await call.ended;
  bound.lift();
  if (isRepellent(name)) link.lose(`${path}: ${name}`);
  if (name !== 'OK') return refusal(name, details);
  const message = parseFrame(body);
  return message ? ok(message) : failed('INTERNAL', `${path}: the answer is not one plain gRPC message`);
}
