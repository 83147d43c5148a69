import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import type { RegistrationClient } from './registration-client';
import type { RetryPolicy } from './retry-policy';
import type { RegistrationState } from './registration-state';

/** What the registrar shares with those who take its steps. */
export interface RegistrationContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly standing: RegistrationState;
  readonly inquiry: RegistrationClient;
  readonly setbacks: RetryPolicy;
  readonly onChange: () => void;
}
