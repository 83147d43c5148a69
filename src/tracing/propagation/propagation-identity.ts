import type { Span } from '../../model/segment';

/** What the backend knows us by, as a carrier tells it to others. Declared by who needs it, the tracer. */
export type PropagationIdentity = V2Identity | V3Identity;

/** What a v2 backend knows us by: the agent's dictionaries, seen from the tracer. An id of 0: there is none yet. */
export interface V2Identity {
  readonly protocol: 'v2';
  /** The ids of different epochs never meet. */
  readonly epoch: number;
  readonly instanceId: number;
  /**
   * Looking changes nothing: that a name occurred is what its span says when it is encoded. `USER_ENDPOINT`: there is
   * none yet, and the backend would wait for the name in vain.
   */
  endpoint(name: string): number;
  networkAddress(name: string): number;
}

/** What a v3 backend knows us by; the same as long as the process lives. */
export interface V3Identity {
  readonly protocol: 'v3';
  readonly service: string;
  readonly instance: string;
  /** The endpoint that the work under this span belongs to, as the span itself will be named there. */
  endpoint(span: Pick<Span, 'type' | 'method' | 'operationName'>): string;
}
