import fc from 'fast-check';
import {
  type Registration,
  type RegistrationEvent,
  transition,
  unregistered,
} from '../../../src/protocol/v2/registration-state';

const known: Registration = { phase: 'service-known', epoch: 1, serviceId: 3 };
const registered: Registration = { phase: 'registered', epoch: 1, serviceId: 3, instanceId: 7 };

describe('the registration machine', () => {
  it('goes from nothing to the service and on to the instance', () => {
    expect(transition(unregistered, { type: 'service-answered', epoch: 1, serviceId: 3 })).toEqual(known);
    expect(transition(known, { type: 'instance-answered', epoch: 1, instanceId: 7 })).toEqual(registered);
  });

  it.each([unregistered, known, registered])('forgets everything and opens a new epoch: %o', (state) => {
    expect(transition(state, { type: 'forgotten' })).toEqual({ phase: 'unregistered', epoch: 2 });
  });

  it('ignores answers to questions of an earlier epoch', () => {
    const forgotten = transition(registered, { type: 'forgotten' });
    expect(transition(forgotten, { type: 'service-answered', epoch: 1, serviceId: 3 })).toBe(forgotten);
    const knownAgain = transition(forgotten, { type: 'service-answered', epoch: 2, serviceId: 5 });
    expect(transition(knownAgain, { type: 'instance-answered', epoch: 1, instanceId: 7 })).toBe(knownAgain);
  });

  it.each([0, -1, 1.5, NaN])('does not take %p for an id', (id) => {
    expect(transition(unregistered, { type: 'service-answered', epoch: 1, serviceId: id })).toBe(unregistered);
    expect(transition(known, { type: 'instance-answered', epoch: 1, instanceId: id })).toBe(known);
  });

  it('never goes back in epochs and never has an instance without its service', () => {
    const event: fc.Arbitrary<RegistrationEvent> = fc.oneof(
      fc.record({
        type: fc.constant('service-answered' as const),
        epoch: fc.nat(5),
        serviceId: fc.integer({ min: -1, max: 9 }),
      }),
      fc.record({
        type: fc.constant('instance-answered' as const),
        epoch: fc.nat(5),
        instanceId: fc.integer({ min: -1, max: 9 }),
      }),
      fc.constant({ type: 'forgotten' as const }),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let state: Registration = unregistered;
        for (const one of events) {
          const next: Registration = transition(state, one);
          expect(next.epoch).toBe(state.epoch + (one.type === 'forgotten' ? 1 : 0));
          if (next.phase === 'registered') expect(next.serviceId).toBeGreaterThan(0);
          if (next !== state && one.type !== 'forgotten') expect(one.epoch).toBe(state.epoch);
          state = next;
        }
      }),
    );
  });
});
