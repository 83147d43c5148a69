import { USER_ENDPOINT } from '../../model/components';
import type { V2Names } from '../../model/names';
import type { V2Identity } from './sw6/propagator';
import type { DictionarySync } from './dictionary-sync';
import type { Registered } from '../registration/registration-state';

type Dictionaries = Pick<DictionarySync, 'endpoints' | 'networkAddresses'>;

/** Holds the ids of this epoch by themselves: asked later, it never returns one of another. */
export function v2Names({ epoch, serviceId, instanceId }: Registered, dictionaries: Dictionaries): V2Names {
  const { endpoints, networkAddresses } = dictionaries;
  const endpointIds = endpoints.ids;
  const addressIds = networkAddresses.ids;
  return {
    protocol: 'v2',
    epoch,
    serviceId,
    instanceId,
    endpoint: (name) => endpoints.lookup(name, endpointIds),
    networkAddress: (name) => networkAddresses.lookup(name, addressIds),
    endpointOf: (id) => endpointIds.nameOf(id),
    networkAddressOf: (id) => addressIds.nameOf(id),
  };
}

/** The same for carriers, without counting as a sighting. */
export function v2CarrierNames(
  { epoch, instanceId }: Registered,
  dictionaries: Dictionaries,
  isSound: () => boolean,
): V2Identity {
  const { endpoints, networkAddresses } = dictionaries;
  const endpointIds = endpoints.ids;
  const addressIds = networkAddresses.ids;
  return {
    protocol: 'v2',
    epoch,
    instanceId,
    // The backend waits 5 s for the endpoint that a name stands for, then it drops the callee's segment. It learns of
    // the name from our own segments, and these wait for a connection.
    endpoint: (name) => endpoints.known(name, endpointIds) || (isSound() ? 0 : USER_ENDPOINT),
    networkAddress: (name) => networkAddresses.known(name, addressIds),
  };
}
