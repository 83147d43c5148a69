import fc from 'fast-check';
import type { V2Names } from '../../../src/model/names';
import { wellFormed } from '../../../src/protocol/protobuf/fast/value';

/**
 * A registration that knows some names by chance, those whose length the mask picks, each by an id of its own, and the
 * way back.
 */
export function anyTwoWayNames(epoch: number): fc.Arbitrary<V2Names> {
  return fc
    .record({ firstId: fc.constantFrom(1, 100, 2 ** 31 - 1_000), mask: fc.integer({ min: 0, max: 3 }) })
    .map(({ firstId, mask }) => {
      const endpoints = new Ids(firstId, mask);
      const networkAddresses = new Ids(firstId, mask);
      return {
        protocol: 'v2',
        epoch,
        serviceId: firstId,
        instanceId: firstId + 1,
        fitting: (name) => name,
        fittingAddress: (address) => address,
        canHold: () => true,
        endpoint: (name) => endpoints.idOf(name),
        networkAddress: (name) => networkAddresses.idOf(name),
        endpointOf: (id) => endpoints.nameOf(id),
        networkAddressOf: (id) => networkAddresses.nameOf(id),
      };
    });
}

class Ids {
  private readonly names: string[] = [];

  constructor(
    private readonly firstId: number,
    private readonly mask: number,
  ) {}

  /** A backend sees names as UTF-8 holds them. */
  idOf(name: string): number {
    if (name.length & this.mask) return 0;
    const seen = wellFormed(name);
    const at = this.names.indexOf(seen);
    return this.firstId + (at < 0 ? this.names.push(seen) - 1 : at);
  }

  nameOf(id: number): string | undefined {
    return this.names[id - this.firstId];
  }
}
