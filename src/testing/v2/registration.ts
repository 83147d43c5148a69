import type { Clock } from '../../base/clock';
import { toIso } from '../../base/time';
import type { Registry } from '../registry/registry';
import { displayName, rowsFor } from '../registry/rows';
import type { OapVersion } from './exchange';
import type { Handle } from '../server/methods';
import type { Property } from '../store/row';

interface Services {
  readonly services: readonly { readonly serviceName: string }[];
}

interface Instances {
  readonly instances: readonly {
    readonly serviceId: number;
    readonly instanceUUID: string;
    readonly time: string;
    readonly properties: readonly Property[];
  }[];
}

interface Endpoints {
  readonly endpoints: readonly {
    readonly serviceId: number;
    readonly endpointName: string;
    readonly from: 'client' | 'server' | 'proxy';
  }[];
}

interface Addresses {
  readonly addresses: readonly string[];
}

type Registration =
  'doServiceRegister' | 'doServiceInstanceRegister' | 'doEndpointRegister' | 'doNetworkAddressRegister';

/** The four methods that give out ids. Each name that has none yet is left out of the answer, and created. */
export function registration(registry: Registry, clock: Clock, oap: OapVersion): Record<Registration, Handle> {
  return {
    doServiceRegister: async (request) => {
      const { services } = request as unknown as Services;
      const rows = await registry.getOrCreate<'service'>(
        services.map(({ serviceName }) => rowsFor.service(serviceName)),
      );
      return {
        services: pairs(
          services.map(({ serviceName }) => serviceName),
          rows,
        ),
      };
    },

    doServiceInstanceRegister: async (request) => {
      const { instances } = request as unknown as Instances;
      const known: Instances['instances'][number][] = [];
      for (const instance of instances) {
        if (!(await isService(registry, instance.serviceId))) break;
        known.push(instance);
      }
      const rows = await registry.getOrCreate<'instance'>(
        known.map(({ serviceId, instanceUUID, time, properties }) =>
          rowsFor.instance(serviceId, instanceUUID, {
            name: displayName(registry.rows.get('service', serviceId)?.name ?? '', properties),
            properties,
            registeredAt: timeText(Number(time), clock),
          }),
        ),
      );
      // The real handler throws at the first stale service id: those before it are created nevertheless.
      if (known.length < instances.length) return undefined;
      return {
        serviceInstances: pairs(
          known.map(({ instanceUUID }) => instanceUUID),
          rows,
        ),
      };
    },

    doEndpointRegister: async (request) => {
      const endpoints = (request as unknown as Endpoints).endpoints.filter(
        ({ from }) => oap === '6.5' || from === 'server',
      );
      const rows = await registry.getOrCreate<'endpoint'>(
        endpoints.map(({ serviceId, endpointName, from }) => rowsFor.endpoint(serviceId, endpointName, from)),
      );
      const elements = endpoints.map((endpoint, index) => ({ ...endpoint, endpointId: rows[index]?.id ?? 0 }));
      return { elements: elements.filter(({ endpointId }) => endpointId !== 0) };
    },

    doNetworkAddressRegister: async (request) => {
      const { addresses } = request as unknown as Addresses;
      return { addressIds: pairs(addresses, await registry.getOrCreateAddresses(addresses)) };
    },
  };
}

async function isService(registry: Registry, id: number): Promise<boolean> {
  if (!registry.rows.get('service', id)) await registry.catchUp();
  return registry.rows.get('service', id) !== undefined;
}

function pairs(names: readonly string[], rows: readonly ({ readonly id: number } | undefined)[]) {
  return names.flatMap((key, index) => {
    const row = rows[index];
    return row ? [{ key, value: row.id }] : [];
  });
}

/** What is no date is shown as now. */
function timeText(millis: number, clock: Clock): string {
  return toIso(Math.abs(millis) <= 8.64e15 ? millis : clock.now());
}
