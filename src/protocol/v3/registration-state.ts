import { type Trust, type TrustEvent, withTrust } from '../registration/trust';

/**
 * The registration with a v3 backend, which knows us by our names and gives out no ids: `connected` means that it has
 * answered to all that we have to report of this instance. The epoch counts up as on v2 whenever all of it is to be
 * reported again; an answer to a report of an earlier one is worth nothing.
 */
export type V3State =
  | { readonly protocol: 'v3'; readonly phase: 'connecting'; readonly epoch: number; readonly trust?: undefined }
  | { readonly protocol: 'v3'; readonly phase: 'connected'; readonly epoch: number; readonly trust: Trust };

/** The backend has taken the properties. */
export interface V3Event {
  readonly type: 'properties-answered';
  readonly epoch: number;
}

export function connecting(epoch: number): V3State {
  return { protocol: 'v3', phase: 'connecting', epoch };
}

/** The next state; the same object if the event changes nothing. */
export function transitionV3(state: V3State, event: V3Event | TrustEvent): V3State {
  const { epoch, trust } = state;
  switch (event.type) {
    case 'properties-answered':
      return event.epoch === epoch && trust !== 'verified'
        ? { protocol: 'v3', phase: 'connected', epoch, trust: 'verified' }
        : state;
    case 'disconnected':
      // The next backend may know nothing of us.
      return trust === undefined ? state : connecting(epoch);
    default:
      return state.trust === undefined ? state : withTrust(state, event);
  }
}
