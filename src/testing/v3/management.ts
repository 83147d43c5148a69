import type { Notes } from '../record/notes';
import type { Handle } from '../server/methods';
import type { Property } from '../store/row';
import type { Catalogue } from './catalogue';
import { filed } from './names';

interface InstanceRequest {
  readonly service: string;
  readonly serviceInstance: string;
}

interface Properties extends InstanceRequest {
  readonly properties: readonly Property[];
}

/** Both are answered by empty Commands, whatever they say: nothing resets a v3 agent. */
export function management(
  catalogue: Catalogue,
  notes: Notes,
): Record<'keepAlive' | 'reportInstanceProperties', Handle> {
  return {
    keepAlive: (request) => {
      const identity = identityOf(request as unknown as InstanceRequest);
      if (notes.isOpen) catalogue.see(identity, notes.now());
      notes.heartbeat({ ...identity, instanceId: 0, time: 0, reset: false });
      return Promise.resolve({});
    },

    reportInstanceProperties: (request) => {
      const instance = request as unknown as Properties;
      if (notes.isOpen) catalogue.describe(identityOf(instance), instance.properties, notes.now());
      return Promise.resolve({});
    },
  };
}

function identityOf({ service, serviceInstance }: InstanceRequest) {
  return { service: filed.service(service), uuid: filed.instance(serviceInstance) };
}
