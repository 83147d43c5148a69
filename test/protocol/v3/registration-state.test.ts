import { connecting, type Presence, transitionPresence } from '../../../src/protocol/v3/registration-state';

const connected: Presence = { phase: 'connected', epoch: 1 };

describe('presence at a v3 backend', () => {
  it('is connected once the backend has answered to what it was told', () => {
    expect(transitionPresence(connecting, { type: 'properties-answered', epoch: 1 })).toEqual(connected);
  });

  it('ignores an answer to what was told in an earlier epoch', () => {
    const later: Presence = { phase: 'connecting', epoch: 2 };
    expect(transitionPresence(later, { type: 'properties-answered', epoch: 1 })).toBe(later);
  });

  it('does not change when it is told again', () => {
    expect(transitionPresence(connected, { type: 'properties-answered', epoch: 1 })).toBe(connected);
  });

  it('is lost with the connection, in the same epoch', () => {
    expect(transitionPresence(connected, { type: 'disconnected' })).toEqual(connecting);
    expect(transitionPresence(connecting, { type: 'disconnected' })).toBe(connecting);
  });

  it.each([connecting, connected])('begins a new epoch when all is to be told anew (%j)', (state) => {
    expect(transitionPresence(state, { type: 'forgotten' })).toEqual({ phase: 'connecting', epoch: 2 });
  });
});
