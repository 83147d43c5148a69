/**
 * Where registration with a v2 backend stands. An instance id without a service id cannot be written down. The epoch
 * counts up whenever what was known is forgotten; an answer to a question of an earlier epoch is worth nothing.
 */
export type Registration =
  | { readonly phase: 'unregistered'; readonly epoch: number }
  | { readonly phase: 'service-known'; readonly epoch: number; readonly serviceId: number }
  | { readonly phase: 'registered'; readonly epoch: number; readonly serviceId: number; readonly instanceId: number };

export type RegistrationEvent =
  | { readonly type: 'service-answered'; readonly epoch: number; readonly serviceId: number }
  | { readonly type: 'instance-answered'; readonly epoch: number; readonly instanceId: number }
  /** By an operator, the application, the backend, or our own finding that our ids are no longer ours. */
  | { readonly type: 'forgotten' };

export const unregistered: Registration = { phase: 'unregistered', epoch: 1 };

/** The next state; the same object if the event changes nothing. */
export function transition(state: Registration, event: RegistrationEvent): Registration {
  if (event.type === 'forgotten') return { phase: 'unregistered', epoch: state.epoch + 1 };
  if (event.epoch !== state.epoch) return state;
  switch (event.type) {
    case 'service-answered':
      return state.phase === 'unregistered' && isId(event.serviceId)
        ? { phase: 'service-known', epoch: state.epoch, serviceId: event.serviceId }
        : state;
    case 'instance-answered':
      return state.phase === 'service-known' && isId(event.instanceId)
        ? { ...state, phase: 'registered', instanceId: event.instanceId }
        : state;
  }
}

/** 0 means "not yet" on the wire, and no id is negative. */
function isId(id: number): boolean {
  return Number.isInteger(id) && id > 0;
}
