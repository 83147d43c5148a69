import type { sendUnaryData, ServerUnaryCall, UntypedHandleCall } from '@grpc/grpc-js';
import type { Type } from 'protobufjs';
import type { Method } from '../record/records';
import { type CallInterceptor, refusal, reply } from './call-interceptor';

/** `undefined`: the handler of the real server throws. */
export type Handle = (
  request: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>> | undefined>;

/** What reads one stream. */
export interface StreamReader {
  /** One message, after the one before it. Rejects where it does not parse: the stream is over then. */
  take(bytes: Buffer): Promise<void>;
  /** No more comes, whether the stream ended or broke off. */
  end?(): void;
}

/** What a backend does at each of its methods. */
export interface Methods {
  readonly unary: Partial<Record<Method, Handle>>;
  readonly streams: Partial<Record<Method, () => StreamReader>>;
}

/** One path that a backend answers at. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  /** Many messages are asked, one is answered. */
  readonly isStream: boolean;
  readonly request: Type;
  readonly response: Type;
  /** What is said with UNKNOWN, when a message does not parse or a handler throws. */
  readonly failure: string;
}

/** A method that this backend does not have. No token is asked for, and nothing is read. */
export function unimplemented({ method, path }: Route, interceptor: CallInterceptor): UntypedHandleCall {
  const handle = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const { log, passage } = interceptor.enter({ method, path, isLacking: true }, call.metadata);
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
