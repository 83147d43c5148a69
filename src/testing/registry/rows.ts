import type {
  DetectPoint,
  EndpointRow,
  InstanceRow,
  NetworkAddressRow,
  Property,
  ServiceRow,
  Unnumbered,
} from '../store/row';

/**
 * The rows that the real server would create, under the keys that it gives them. A name and a network address never
 * share a key, so a service called `db:3306` is another than the one made up for the address `db:3306`.
 */
export const rowsFor = {
  service: (name: string): Unnumbered<ServiceRow> => ({ kind: 'service', key: `${name}_0_0`, name, addressId: 0 }),

  serviceOfAddress: (addressId: number, name: string): Unnumbered<ServiceRow> => ({
    kind: 'service',
    key: keyOfAddressService(addressId),
    name,
    addressId,
  }),

  instance: (
    serviceId: number,
    uuid: string,
    { name, properties, registeredAt }: Pick<InstanceRow, 'name' | 'properties' | 'registeredAt'>,
  ): Unnumbered<InstanceRow> => ({
    kind: 'instance',
    key: `${serviceId}_${uuid}_0_0`,
    serviceId,
    uuid,
    name,
    properties,
    addressId: 0,
    registeredAt,
  }),

  instanceOfAddress: (
    serviceId: number,
    { id: addressId, name }: NetworkAddressRow,
    registeredAt: string,
  ): Unnumbered<InstanceRow> => ({
    kind: 'instance',
    key: keyOfAddressInstance(serviceId, addressId),
    serviceId,
    uuid: '',
    name,
    properties: [],
    addressId,
    registeredAt,
  }),

  endpoint: (serviceId: number, name: string, from: DetectPoint): Unnumbered<EndpointRow> => ({
    kind: 'endpoint',
    key: keyOfEndpoint(serviceId, name, from),
    serviceId,
    name,
    from,
  }),

  networkAddress: (name: string): Unnumbered<NetworkAddressRow> => ({ kind: 'networkAddress', key: name, name }),
};

/** As the real server numbers them. */
const POINTS = { server: 0, client: 1, proxy: 2, local: 3 } as const;

export function keyOfEndpoint(serviceId: number, name: string, from: DetectPoint): string {
  return `${serviceId}_${name}_${POINTS[from]}`;
}

export function keyOfAddressService(addressId: number): string {
  return `1_${addressId}`;
}

export function keyOfAddressInstance(serviceId: number, addressId: number): string {
  return `${serviceId}_1_${addressId}`;
}

/** `<service>-pid:<process_no>@<host_name>`, as 6.x displays an instance; what is not given is left out. */
export function displayName(service: string, properties: readonly Property[]): string {
  const pid = lastValue(properties, 'process_no');
  const host = lastValue(properties, 'host_name');
  return `${service}${pid === undefined ? '' : `-pid:${pid}`}${host === undefined ? '' : `@${host}`}`;
}

function lastValue(properties: readonly Property[], key: string): string | undefined {
  return properties.findLast((property) => property.key === key)?.value;
}
