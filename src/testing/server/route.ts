import type { Type } from 'protobufjs';
import type { Method } from '../record/call';

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
