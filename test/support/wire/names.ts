import type { V2Names } from '../../../src/model/names';

/** A registration with what its dictionaries know. */
export function someNames({
  epoch = 1,
  serviceId = 3,
  instanceId = 7,
  endpoints = {},
  networkAddresses = {},
}: {
  epoch?: number;
  serviceId?: number;
  instanceId?: number;
  endpoints?: Readonly<Record<string, number>>;
  networkAddresses?: Readonly<Record<string, number>>;
} = {}): V2Names {
  const endpointIds = new Map(Object.entries(endpoints));
  const addressIds = new Map(Object.entries(networkAddresses));
  return {
    protocol: 'v2',
    epoch,
    serviceId,
    instanceId,
    fitting: (name) => name,
    fittingAddress: (address) => address,
    canHold: () => true,
    endpoint: (name) => endpointIds.get(name) ?? 0,
    networkAddress: (name) => addressIds.get(name) ?? 0,
    endpointOf: (id) => keyOf(endpointIds, id),
    networkAddressOf: (id) => keyOf(addressIds, id),
  };
}

function keyOf(ids: ReadonlyMap<string, number>, id: number): string | undefined {
  return [...ids].find(([, found]) => found === id)?.[0];
}
