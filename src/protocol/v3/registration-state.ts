/**
 * Where we stand with a v3 backend, which knows us by our names and gives out no ids: `connected` means that it has
 * answered to all that we have to tell of this instance, over the connection of now. The epoch counts up as on v2
 * whenever all of it is to be told anew; an answer to what was told in an earlier one is worth nothing.
 */
export type Presence =
  { readonly phase: 'connecting'; readonly epoch: number } | { readonly phase: 'connected'; readonly epoch: number };

export type PresenceEvent =
  | { readonly type: 'properties-answered'; readonly epoch: number }
  /** The connection is gone; the next backend may know nothing of us. */
  | { readonly type: 'disconnected' }
  /** By an operator, the application, or because the backend was another kind. */
  | { readonly type: 'forgotten' };

export const connecting: Presence = { phase: 'connecting', epoch: 1 };

/** The next state; the same object if the event changes nothing. */
export function transitionPresence(state: Presence, event: PresenceEvent): Presence {
  switch (event.type) {
    case 'disconnected':
      return state.phase === 'connected' ? { phase: 'connecting', epoch: state.epoch } : state;
    case 'forgotten':
      return { phase: 'connecting', epoch: state.epoch + 1 };
    case 'properties-answered':
      return state.phase === 'connecting' && event.epoch === state.epoch
        ? { phase: 'connected', epoch: state.epoch }
        : state;
  }
}
