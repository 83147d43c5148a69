import { type Trust, type TrustEvent, withTrust } from '../registration/trust';

/**
 * The registration with a v2 backend. An instance id without a service id cannot be written down. The epoch counts up
 * whenever what was known is forgotten; an answer to a question of an earlier epoch is worth nothing.
 */
export type V2State =
  | {
      /** `undefined`: no backend has decided it yet, and no user. */
      readonly protocol: 'v2' | undefined;
      readonly phase: 'unregistered';
      readonly epoch: number;
      readonly trust?: undefined;
    }
  | {
      readonly protocol: 'v2';
      readonly phase: 'service-known';
      readonly epoch: number;
      readonly serviceId: number;
      readonly trust?: undefined;
    }
  | {
      readonly protocol: 'v2';
      readonly phase: 'registered';
      readonly epoch: number;
      readonly serviceId: number;
      readonly instanceId: number;
      readonly trust: Trust;
    };

export type ServiceKnown = Extract<V2State, { phase: 'service-known' }>;
export type Registered = Extract<V2State, { phase: 'registered' }>;

export type V2Event =
  | { readonly type: 'service-answered'; readonly epoch: number; readonly serviceId: number }
  | { readonly type: 'instance-answered'; readonly epoch: number; readonly instanceId: number }
  /** The backend does not know the service id that it gave us a moment ago. */
  | { readonly type: 'service-lost'; readonly epoch: number };

export function unregistered(epoch: number): V2State {
  return { protocol: 'v2', phase: 'unregistered', epoch };
}

/** The next state; the same object if the event changes nothing. */
export function transitionV2(state: V2State, event: V2Event | TrustEvent): V2State {
  switch (event.type) {
    case 'service-answered': {
      const { epoch, serviceId } = event;
      return epoch === state.epoch && !('serviceId' in state) && isId(serviceId)
        ? { protocol: 'v2', phase: 'service-known', epoch, serviceId }
        : state;
    }
    case 'instance-answered': {
      const { epoch, instanceId } = event;
      return epoch === state.epoch && 'serviceId' in state && !('instanceId' in state) && isId(instanceId)
        ? { ...state, phase: 'registered', instanceId, trust: 'verified' }
        : state;
    }
    case 'service-lost':
      return event.epoch === state.epoch ? unregistered(state.epoch + 1) : state;
    default:
      return state.trust === undefined ? state : withTrust(state, event);
  }
}

/** 0 means "not yet" on the wire, and no id is negative. */
function isId(id: number): boolean {
  return Number.isInteger(id) && id > 0;
}
