import type { ProtocolName } from '../../model/dialect';

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
      return withConnection(state, event.protocol);
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
function withConnection(state: RegistrationState, protocol: ProtocolName): RegistrationState {
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

/**
 * The registration with a v2 backend, and, as `unregistered`, what there is before the protocol is known. The type allows
 * no instance id without a service id. The epoch counts up whenever what was known is forgotten, which the loss of a
 * connection is not; an answer to a question of an earlier epoch is worth nothing.
 */
type V2State =
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

export type Registered = Extract<V2State, { phase: 'registered' }>;

type V2Event =
  | { readonly type: 'service-answered'; readonly epoch: number; readonly serviceId: number }
  | { readonly type: 'instance-answered'; readonly epoch: number; readonly instanceId: number }
  /** The backend does not know the service id that it gave us a moment ago. */
  | { readonly type: 'service-lost'; readonly epoch: number };

function unregistered(epoch: number): V2State {
  return { protocol: 'v2', phase: 'unregistered', epoch };
}

/** The next state; the same object if the event changes nothing. */
function transitionV2(state: V2State, event: V2Event | TrustEvent): V2State {
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

/**
 * The registration with a v3 backend, which knows us by our names and gives out no ids: `connected` means that it has
 * answered to all that we have to report of this instance. The epoch counts up as on v2 whenever all of it is to be
 * reported again; an answer to a report of an earlier one is worth nothing.
 */
type V3State =
  | { readonly protocol: 'v3'; readonly phase: 'connecting'; readonly epoch: number; readonly trust?: undefined }
  | { readonly protocol: 'v3'; readonly phase: 'connected'; readonly epoch: number; readonly trust: Trust };

/** The backend has taken the properties. */
interface V3Event {
  readonly type: 'properties-answered';
  readonly epoch: number;
}

function connecting(epoch: number): V3State {
  return { protocol: 'v3', phase: 'connecting', epoch };
}

/** The next state; the same object if the event changes nothing. */
function transitionV3(state: V3State, event: V3Event | TrustEvent): V3State {
  const { epoch, trust } = state;
  switch (event.type) {
    case 'properties-answered':
      return event.epoch === epoch && trust !== 'verified'
        ? { protocol: 'v3', phase: 'connected', epoch, trust: 'verified' }
        : state;
    case 'disconnected':
      // The next backend may know nothing of us: all is reported again, in the same epoch.
      return trust === undefined ? state : connecting(epoch);
    default:
      return state.trust === undefined ? state : withTrust(state, event);
  }
}

/**
 * What speaks for the identity that we use. `verified`: the backend of this connection has confirmed it. `unverified`: the
 * connection is gone or new, and nothing speaks against it; on v3 it is new, since one that is gone takes us back to
 * `connecting`. `contradicted`: something does.
 */
type Trust = 'verified' | 'unverified' | 'contradicted';

type TrustEvent =
  /** Over the connection of now the backend has confirmed what it was asked in this epoch. */
  | { readonly type: 'verified'; readonly epoch: number }
  /** Something shows that the backend may have given our ids to another instance. */
  | { readonly type: 'contradicted' }
  /** A connection was made; the backend behind it has confirmed nothing. */
  | { readonly type: 'reconnected' }
  | { readonly type: 'disconnected' };

/** A state with another trust; the same object if that changes nothing. */
function withTrust<S extends { readonly epoch: number; readonly trust: Trust }>(state: S, event: TrustEvent): S {
  const trust = nextTrust(state, event);
  return trust === state.trust ? state : { ...state, trust };
}

function nextTrust({ epoch, trust }: { readonly epoch: number; readonly trust: Trust }, event: TrustEvent): Trust {
  switch (event.type) {
    case 'verified':
      return event.epoch === epoch ? 'verified' : trust;
    case 'contradicted':
      return 'contradicted';
    case 'reconnected':
    case 'disconnected':
      // A new connection settles no contradiction.
      return trust === 'verified' ? 'unverified' : trust;
  }
}
