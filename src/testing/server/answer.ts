import { status } from '@grpc/grpc-js';
import type { RefusalCode } from '../faults';

/** How a call ends: by a message, or by a status other than OK. */
export type ServerAnswer =
  | { readonly type: 'message'; readonly bytes: Buffer }
  | { readonly type: 'refusal'; readonly code: RefusalCode; readonly message: string };

export function refusal(code: RefusalCode, message = ''): ServerAnswer {
  return { type: 'refusal', code, message };
}

/** Hands an answer to grpc-js. */
export function reply(
  answer: ServerAnswer,
  callback: (error: { code: status; details: string } | null, bytes?: Buffer) => void,
): void {
  if (answer.type === 'message') callback(null, answer.bytes);
  else callback({ code: status[answer.code], details: answer.message });
}
