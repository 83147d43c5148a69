import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import type { RegistrarListener } from './registrar-event';
import type { RegistrationClient } from './registration-client';
import type { RetryPolicy } from './retry-policy';
import type { StateMachine } from './state-machine';

/** What the registrar shares with the registrations of either protocol. */
export interface RegistrationContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: StateMachine;
  readonly client: RegistrationClient;
  readonly retry: RetryPolicy;
  readonly onEvent: RegistrarListener;
}
