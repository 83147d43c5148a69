import { GRPC_PREFIX_BYTES } from '../../model/limits';

/** One gRPC message, not compressed. */
export function formatFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(GRPC_PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, GRPC_PREFIX_BYTES);
  return frame;
}

/** The message of an answer that holds exactly one; undefined if it is anything else. */
export function parseFrame(body: Buffer): Buffer | undefined {
  // A flag of 1 means compressed, which no server may do unasked.
  if (body.length < GRPC_PREFIX_BYTES || body[0] !== 0) return undefined;
  return body.readUInt32BE(1) === body.length - GRPC_PREFIX_BYTES ? body.subarray(GRPC_PREFIX_BYTES) : undefined;
}
