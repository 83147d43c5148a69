import type { Configuration } from '../../model/registration';
import type { RegistrationState } from './registration-state';

/** What happened to the registration, for those who show or use it. */
type RegistrarEvent =
  | {
      readonly type: 'transition';
      readonly from: RegistrationState;
      readonly to: RegistrationState;
      readonly reason: string;
    }
  /** There is a connection, by this number. */
  | { readonly type: 'connection-made'; readonly connection: number }
  /** The backend has answered a heartbeat or a verification. */
  | { readonly type: 'answered' }
  | { readonly type: 'failed'; readonly reason: string }
  /** The backend has answered which ids our names have. */
  | { readonly type: 'names-answered' }
  /** The backend configures this service otherwise than before; v3 only. */
  | { readonly type: 'configured'; readonly configuration: Configuration };

export type RegistrarListener = (event: RegistrarEvent) => void;
