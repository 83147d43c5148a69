import type { ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../base/clock';
import { startDeadline } from '../../base/deadline';
import { modules } from '../../base/lazy';
import { failed, ok, type Outcome, retryable } from '../../base/outcome';
import { errorMessage } from '../../base/text';
import type { BackendConnection } from '../backend-connection';
import { formatFrame, parseFrame } from './frame';
import { isStatus, shouldFailOver, statusName, toOutcome } from './grpc-status';
import { StreamCall } from './stream-call';

/** How long the backend has for an answer. */
export const CALL_MS = 10_000;

interface UnaryCall {
  readonly path: string;
  readonly request: Buffer;
  /** That the backend lacks the method is what we want to know, and no reason to leave it. */
  readonly isProbe?: boolean;
}

/** One call over the connection's channel. A backend that does not answer in time, or turns us away, loses the connection. */
export async function unaryCall(
  connection: BackendConnection,
  { path, request, isProbe = false }: UnaryCall,
  clock: Clock,
  signal: AbortSignal,
): Promise<Outcome<Buffer>> {
  // Not grpc-js's own deadline: its timer would hold the process up.
  const bound = startDeadline(clock, CALL_MS, signal, connection.closing);
  const answer = await new Promise<Buffer | ServiceError | undefined>((resolve) => {
    if (bound.signal.aborted) {
      resolve(undefined);
      return;
    }
    const call = connection.channel.client.makeUnaryRequest<Buffer, Buffer>(
      path,
      identity,
      identity,
      request,
      metadataOf(connection.metadata),
      (error, value) => resolve(error ?? value ?? Buffer.alloc(0)),
    );
    bound.signal.addEventListener('abort', () => {
      resolve(undefined);
      call.cancel();
    });
  }).catch((error: unknown) => error as ServiceError);
  bound.dispose();
  if (Buffer.isBuffer(answer)) return ok(answer);
  if (answer === undefined) {
    if (bound.timedOut) connection.fail(`${path}: ${bound.reason}`);
    const lost = retryable(`${path}: ${bound.reason}`);
    return connection.isReplaced ? { ...lost, isPlanned: true } : lost;
  }
  const name = statusName(answer.code);
  const isAnswer = isProbe && name === 'UNIMPLEMENTED';
  if (shouldFailOver(name) && !isAnswer) connection.fail(`${path}: ${name}`);
  return toOutcome(
    name,
    answer.details || (isStatus(answer.code) ? errorMessage(answer) : 'no status that gRPC knows'),
  );
}

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

function identity(bytes: Buffer): Buffer {
  return bytes;
}

function metadataOf(
  pairs: Readonly<Record<string, string>>,
): InstanceType<ReturnType<typeof modules.grpc>['Metadata']> {
  const { Metadata } = modules.grpc();
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(pairs)) metadata.set(key, value);
  return metadata;
}

/** One question to the backend that is connected; the answer is a message. */
export type UnaryCaller = (path: string, request: Buffer, signal: AbortSignal) => Promise<Outcome<Buffer>>;
