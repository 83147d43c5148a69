import fc from 'fast-check';
import {
  initialState,
  type RegistrationEvent,
  type RegistrationState,
  transition,
} from '../../../src/protocol/registration/registration-state';

const unregistered = (epoch: number): RegistrationState => ({ protocol: 'v2', phase: 'unregistered', epoch });
const nothing = unregistered(1);
const known: RegistrationState = { protocol: 'v2', phase: 'service-known', epoch: 1, serviceId: 3 };
const registered: RegistrationState = { ...known, phase: 'registered', instanceId: 7, trust: 'verified' };

describe('the registration with a v2 backend', () => {
  it('goes from nothing to the service and on to the instance', () => {
    expect(transition(nothing, { type: 'service-answered', epoch: 1, serviceId: 3 })).toEqual(known);
    expect(transition(known, { type: 'instance-answered', epoch: 1, instanceId: 7 })).toEqual(registered);
  });

  it.each([nothing, known, registered])('forgets everything and opens a new epoch: %o', (state) => {
    expect(transition(state, { type: 'forgotten', reason: 'api' })).toEqual(unregistered(2));
  });

  it('opens a new epoch when the backend has lost the service', () => {
    expect(transition(known, { type: 'service-lost', epoch: 1 })).toEqual(unregistered(2));
    expect(transition(known, { type: 'service-lost', epoch: 0 })).toBe(known);
  });

  it('ignores answers to questions of an earlier epoch', () => {
    const forgotten = transition(registered, { type: 'forgotten', reason: 'api' });
    expect(transition(forgotten, { type: 'service-answered', epoch: 1, serviceId: 3 })).toBe(forgotten);
    const knownAgain = transition(forgotten, { type: 'service-answered', epoch: 2, serviceId: 5 });
    expect(transition(knownAgain, { type: 'instance-answered', epoch: 1, instanceId: 7 })).toBe(knownAgain);
    const doubted = transition(registered, { type: 'contradicted' });
    expect(transition(doubted, { type: 'verified', epoch: 0 })).toBe(doubted);
  });

  it('ignores the answers of a v3 backend', () => {
    expect(transition(registered, { type: 'properties-answered', epoch: 1 })).toBe(registered);
  });

  it('is trusted less when the connection is gone or new, until the backend verifies it', () => {
    const unverified = { ...registered, trust: 'unverified' };
    expect(transition(registered, { type: 'disconnected' })).toEqual(unverified);
    expect(transition(registered, { type: 'connection-made', protocol: 'v2' })).toEqual(unverified);
    const doubted = transition(registered, { type: 'disconnected' });
    expect(transition(doubted, { type: 'verified', epoch: 1 })).toEqual(registered);
    expect(transition(registered, { type: 'verified', epoch: 1 })).toBe(registered);
  });

  it('stays contradicted on a new connection', () => {
    const contradicted = transition(registered, { type: 'contradicted' });
    expect(contradicted).toEqual({ ...registered, trust: 'contradicted' });
    expect(transition(contradicted, { type: 'disconnected' })).toBe(contradicted);
    expect(transition(contradicted, { type: 'connection-made', protocol: 'v2' })).toBe(contradicted);
    expect(transition(contradicted, { type: 'verified', epoch: 1 })).toEqual(registered);
  });

  it.each([nothing, known])('has no trust before it is complete: %o', (state) => {
    expect(transition(state, { type: 'contradicted' })).toBe(state);
    expect(transition(state, { type: 'disconnected' })).toBe(state);
    expect(transition(state, { type: 'verified', epoch: 1 })).toBe(state);
  });

  it.each([0, -1, 1.5, NaN])('does not take %p for an id', (id) => {
    expect(transition(nothing, { type: 'service-answered', epoch: 1, serviceId: id })).toBe(nothing);
    expect(transition(known, { type: 'instance-answered', epoch: 1, instanceId: id })).toBe(known);
  });

  it('never goes back in epochs, has no instance without its service, and trust only when it is complete', () => {
    const epoch = fc.nat(5);
    const id = fc.integer({ min: -1, max: 9 });
    const event: fc.Arbitrary<RegistrationEvent> = fc.oneof(
      fc.record({ type: fc.constant('service-answered' as const), epoch, serviceId: id }),
      fc.record({ type: fc.constant('instance-answered' as const), epoch, instanceId: id }),
      fc.record({ type: fc.constantFrom('verified' as const, 'properties-answered' as const), epoch }),
      fc.constantFrom({ type: 'contradicted' as const }, { type: 'disconnected' as const }),
      fc.record({
        type: fc.constant('connection-made' as const),
        protocol: fc.constantFrom('v2' as const, 'v3' as const),
      }),
      fc.constant({ type: 'forgotten' as const, reason: 'api' }),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let state = initialState(undefined);
        for (const one of events) {
          const next = transition(state, one);
          const isOther =
            one.type === 'connection-made' && state.protocol !== undefined && state.protocol !== one.protocol;
          expect(next.epoch).toBe(state.epoch + (one.type === 'forgotten' || isOther ? 1 : 0));
          if (next.phase === 'registered') expect(next.serviceId).toBeGreaterThan(0);
          expect(next.trust !== undefined).toBe(next.phase === 'registered' || next.phase === 'connected');
          if (next !== state && 'epoch' in one) expect(one.epoch).toBe(state.epoch);
          state = next;
        }
      }),
    );
  });
});
