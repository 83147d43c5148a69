/** Before each message: a flag that says whether it is compressed, and its length, four bytes big-endian. */
export const PREFIX = 5;

/** One gRPC message, not compressed. */
export function formatFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX);
  return frame;
}

/** The message of an answer that holds exactly one; undefined if it is anything else. */
export function parseFrame(body: Buffer): Buffer | undefined {
  // A flag of 1 means compressed, which nobody may do unasked.
  if (body.length < PREFIX || body[0] !== 0) return undefined;
  return body.readUInt32BE(1) === body.length - PREFIX ? body.subarray(PREFIX) : undefined;
}
