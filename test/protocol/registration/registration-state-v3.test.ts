import { type RegistrationState, transition } from '../../../src/protocol/registration/registration-state';

const connecting = (epoch: number): RegistrationState => ({ protocol: 'v3', phase: 'connecting', epoch });
const connected: RegistrationState = { protocol: 'v3', phase: 'connected', epoch: 1, trust: 'verified' };

describe('the registration with a v3 backend', () => {
  it('is connected once the backend has taken the properties', () => {
    expect(transition(connecting(1), { type: 'properties-answered', epoch: 1 })).toEqual(connected);
  });

  it('ignores an answer to a report of an earlier epoch', () => {
    const later = connecting(2);
    expect(transition(later, { type: 'properties-answered', epoch: 1 })).toBe(later);
  });

  it('does not change when the properties are reported again', () => {
    expect(transition(connected, { type: 'properties-answered', epoch: 1 })).toBe(connected);
  });

  it('is lost with the connection, in the same epoch', () => {
    expect(transition(connected, { type: 'disconnected' })).toEqual(connecting(1));
    const before = connecting(1);
    expect(transition(before, { type: 'disconnected' })).toBe(before);
  });

  it.each(['connection-made', 'contradicted'] as const)('is verified by the next report after %s', (type) => {
    const doubted = transition(connected, { type, protocol: 'v3' });
    expect(doubted).toEqual({ ...connected, trust: type === 'connection-made' ? 'unverified' : 'contradicted' });
    expect(transition(doubted, { type: 'properties-answered', epoch: 1 })).toEqual(connected);
  });

  it.each([connecting(1), connected])('begins a new epoch when all is to be reported again (%j)', (state) => {
    expect(transition(state, { type: 'forgotten', reason: 'api' })).toEqual(connecting(2));
  });

  it('begins a new epoch when the next backend speaks v2', () => {
    expect(transition(connected, { type: 'connection-made', protocol: 'v2' })).toEqual({
      protocol: 'v2',
      phase: 'unregistered',
      epoch: 2,
    });
  });
});
