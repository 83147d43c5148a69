import type { ProtocolName } from '../../model/dialect';
import { transitionV2, unregistered, type V2Event, type V2State } from '../v2/registration-state';
import { connecting, transitionV3, type V3Event, type V3State } from '../v3/registration-state';
import type { TrustEvent } from './trust';

/**
 * The registration of this instance, by either protocol. Trust is a part of the complete states; a state without it is
 * not complete.
 */
export type RegistrationState = V2State | V3State;
export type CompleteState = Extract<RegistrationState, { trust: string }>;

export type RegistrationEvent =
  | V2Event
  | V3Event
  | Exclude<TrustEvent, { type: 'reconnected' }>
  /** A connection was made, to a backend that speaks this. */
  | { readonly type: 'connection-made'; readonly protocol: ProtocolName }
  /** By an operator, the application, the backend, or our own finding that our ids are no longer ours. */
  | { readonly type: 'forgotten'; readonly reason: string };

export function initialState(protocol: ProtocolName | undefined): RegistrationState {
  return protocol ? firstState(protocol, 1) : { protocol, phase: 'unregistered', epoch: 1 };
}

/** The next state; the same object if the event changes nothing. */
export function transition(state: RegistrationState, event: RegistrationEvent): RegistrationState {
  switch (event.type) {
    case 'connection-made':
      return connected(state, event.protocol);
    case 'forgotten': {
      const epoch = state.epoch + 1;
      return state.protocol ? firstState(state.protocol, epoch) : { ...state, epoch };
    }
    case 'service-answered':
    case 'instance-answered':
    case 'service-lost':
      return isV3(state) ? state : transitionV2(state, event);
    case 'properties-answered':
      return isV3(state) ? transitionV3(state, event) : state;
    default:
      return isV3(state) ? transitionV3(state, event) : transitionV2(state, event);
  }
}

export function isComplete(state: RegistrationState): state is CompleteState {
  return state.trust !== undefined;
}

/** For the log. */
export function formatState({ protocol, phase, trust, epoch }: RegistrationState): string {
  return `${protocol ?? 'undecided'} ${phase}${trust ? ` ${trust}` : ''} epoch ${epoch}`;
}

/** If the backend before spoke the other protocol, nothing that was known means anything. */
function connected(state: RegistrationState, protocol: ProtocolName): RegistrationState {
  if (state.protocol !== protocol) return firstState(protocol, state.protocol ? state.epoch + 1 : state.epoch);
  return isV3(state) ? transitionV3(state, { type: 'reconnected' }) : transitionV2(state, { type: 'reconnected' });
}

const FIRST_STATE = { v2: unregistered, v3: connecting } as const;

function firstState(protocol: ProtocolName, epoch: number): RegistrationState {
  return FIRST_STATE[protocol](epoch);
}

function isV3(state: RegistrationState): state is V3State {
  return state.protocol === 'v3';
}
