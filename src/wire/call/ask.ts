import type { Outcome } from '../../base/outcome';

/** One question to the backend that is connected; the answer is a message. */
export type Ask = (path: string, request: Buffer, signal: AbortSignal) => Promise<Outcome<Buffer>>;
