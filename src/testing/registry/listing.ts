import type { EndpointEntry, InstanceEntry, NetworkAddressEntry, ServiceEntry } from '../record/inventory-entries';
import type { RowTable } from './id-table';
import { keyOfAddressInstance, keyOfAddressService } from './rows';

/** A table as people read it: without what the backend made up for network addresses, each in the order of the ids. */
export class Listing {
  constructor(private readonly rows: RowTable) {}

  services(): ServiceEntry[] {
    return this.rows
      .rows('service')
      .filter(({ addressId }) => addressId === 0)
      .map(({ id, name }) => ({ id, name }));
  }

  instances(heartbeatAt: (instanceId: number) => string | null): InstanceEntry[] {
    return this.rows
      .rows('instance')
      .filter(({ addressId }) => addressId === 0)
      .map(({ id, serviceId, uuid, name, properties, registeredAt }) => ({
        ...{ id, serviceId, service: this.service(serviceId), uuid, name, properties, registeredAt },
        heartbeatAt: heartbeatAt(id),
      }));
  }

  endpoints(): EndpointEntry[] {
    return this.rows
      .rows('endpoint')
      .filter(({ from }) => from === 'server')
      .map(({ id, serviceId, name }) => ({ id, serviceId, service: this.service(serviceId), name }));
  }

  networkAddresses(): NetworkAddressEntry[] {
    return this.rows.rows('networkAddress').map(({ id, name }) => {
      const serviceId = this.rows.find('service', keyOfAddressService(id))?.id ?? 0;
      const instanceId = this.rows.find('instance', keyOfAddressInstance(serviceId, id))?.id ?? 0;
      return { id, name, serviceId, instanceId };
    });
  }

  private service(id: number): string {
    return this.rows.get('service', id)?.name ?? '';
  }
}
