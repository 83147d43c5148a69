import { toIso } from '../../base/time';
import type { Clock } from '../../base/clock';
import type { NetworkAddressRow } from '../store/row';
import type { Registry } from './registry';
import { rowsFor } from './rows';

/**
 * Network addresses that are known to the end. Behind each stands a service and an instance that the server makes up
 * for it, and each call gets a new name one step further: address, service, instance, and the fourth has the id.
 */
export async function getOrCreateAddresses(
  registry: Registry,
  clock: Clock,
  names: readonly string[],
): Promise<readonly (NetworkAddressRow | undefined)[]> {
  const addresses = await registry.getOrCreate<'networkAddress'>(names.map((name) => rowsFor.networkAddress(name)));
  const known = addresses.filter((row) => row !== undefined);
  const services = await registry.getOrCreate<'service'>(
    known.map(({ id, name }) => rowsFor.serviceOfAddress(id, name)),
  );
  const served = known.flatMap((address, index) => {
    const service = services[index];
    return service ? [{ address, service }] : [];
  });
  const instances = await registry.getOrCreate<'instance'>(
    served.map(({ address, service }) => rowsFor.instanceOfAddress(service.id, address, toIso(clock.now()))),
  );
  const complete = new Set(served.filter((_, index) => instances[index]).map(({ address }) => address.id));
  return addresses.map((row) => (row && complete.has(row.id) ? row : undefined));
}
