import type { status } from '@grpc/grpc-js';
import type { Method } from './record/records';

/** gRPC's name of a status other than OK, such as `UNAVAILABLE`. */
export type RefusalCode = Exclude<keyof typeof status, 'OK'>;

/**
 * What is to go wrong with a call.
 *
 * - `refuse`: answered at once by a status; `UNAVAILABLE` unless `code` says otherwise. Nothing is done.
 * - `delay`: handled as ever, but not before `ms` milliseconds have passed.
 * - `hang`: never answered; nothing is done. The call stays open until the client gives up or is cut off.
 * - `goaway`: the node tells all its connections to go (HTTP/2 GOAWAY), handles the call, and cuts what is still
 *   connected after `graceMs` milliseconds (default 1000; 0: at once, the call included).
 * - `drop`: answered OK and empty, and nothing is done, as by a server that has just opened its ports. Segments of a
 *   stream are read and lost.
 * - `garbage`: answered OK by bytes that are no message (`bytes`, default five times 0xff); nothing is done.
 */
export type InjectedFault =
  | { readonly type: 'refuse'; readonly code?: RefusalCode; readonly message?: string }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'hang' }
  | { readonly type: 'goaway'; readonly graceMs?: number }
  | { readonly type: 'drop' }
  | { readonly type: 'garbage'; readonly bytes?: Uint8Array };

/** Which calls something is to go wrong with. */
export interface FaultRule {
  readonly fault: InjectedFault;
  /**
   * One method or several, such as `doPing`; default: every method of the protocol that is spoken. A method of another
   * protocol is met only where it is named: as if something stood before the backend that answers instead of it.
   */
  readonly method?: Method | readonly Method[];
  /** The node, counted from 0; default: every node. */
  readonly node?: number;
  /** How many calls it applies to; default: all, until it is removed. */
  readonly times?: number;
}

/** A rule that was added. */
export interface FaultHandle {
  /** How many calls it has applied to. */
  readonly hits: number;
  /** From now on calls are handled as ever. Those that hang already stay so. Twice is once. */
  remove(): void;
}
