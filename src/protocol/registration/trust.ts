/**
 * What speaks for the identity that we use. `verified`: the backend of this connection has confirmed it. `unverified`: the
 * connection is gone or new, and nothing speaks against it. `contradicted`: something does.
 */
export type Trust = 'verified' | 'unverified' | 'contradicted';

export type TrustEvent =
  /** Over the connection of now the backend has confirmed what it was asked in this epoch. */
  | { readonly type: 'verified'; readonly epoch: number }
  /** Something shows that the backend may have given our ids to another instance. */
  | { readonly type: 'contradicted' }
  /** A connection was made; the backend behind it has confirmed nothing. */
  | { readonly type: 'reconnected' }
  | { readonly type: 'disconnected' };

/** A state with another trust; the same object if that changes nothing. */
export function withTrust<S extends { readonly epoch: number; readonly trust: Trust }>(state: S, event: TrustEvent): S {
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
