import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import type { Names } from '../../model/names';
import type { InstanceName } from '../../model/registration';
import type { PropagationIdentity } from '../../tracing/propagation/propagator';
import type { RateLimitedBackend } from './rate-limited-backend';
import type { RegistrarListener } from './registrar-event';
import type { RegistrationState } from './registration-state';
import type { RetryPolicy } from './retry-policy';
import type { StateMachine } from './state-machine';

/** How this instance registers by one protocol, and what it is known by then. */
export interface Registration {
  /** A connection was made to a backend that speaks this protocol. */
  connectionMade(): void;
  /** The backend that is connected now speaks the other protocol. */
  replaced(): void;
  /** A new epoch begins: all that backends answered so far is forgotten. */
  forget(): void;
  /** Takes the next step from this state. @returns milliseconds until the one after it */
  step(state: RegistrationState, signal: AbortSignal): Promise<number>;
  /** What segments are encoded with; `undefined` while the state is not complete. */
  names(state: RegistrationState): Names | undefined;
  /** What carriers say of us, which is true without a connection too; `undefined`: the protocol has nothing to say of us yet. */
  carrierNames(state: RegistrationState): PropagationIdentity | undefined;
}

/** What the registrar shares with the registrations of either protocol. */
export interface RegistrationContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: StateMachine;
  readonly backend: RateLimitedBackend;
  readonly retry: RetryPolicy;
  /** As it is configured; `backend.v3Instance` is what a v3 backend makes of it. */
  readonly instance: InstanceName;
  /** Absent: as agents of the protocol do. */
  readonly heartbeatMs: number | undefined;
  readonly onEvent: RegistrarListener;
  /** There may be something to ask for sooner than the last step said. */
  readonly onDue: () => void;
}
