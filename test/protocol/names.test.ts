import { isCompatible, type V3Names } from '../../src/model/names';
import { someNames } from '../support/wire/names';

const v3 = (epoch: number): V3Names => ({
  ...{ protocol: 'v3', epoch, service: 'orders', instance: 'orders-1' },
  endpoint: (name) => name,
});

describe('what was encoded for a backend', () => {
  it.each([
    ['with ids, may go as long as they are the same', someNames(), someNames(), true],
    ['with ids that were given up, may not go', someNames(), someNames({ epoch: 2 }), false],
    ['with names, may go whatever was given up since', v3(1), v3(2), true],
    ['of the other protocol, may not go', v3(1), someNames(), false],
    ['of this protocol, may not go to one of the other', someNames(), v3(1), false],
  ])('%s', (_what, names, now, mayGo) => {
    expect(isCompatible(names, now)).toBe(mayGo);
  });
});
