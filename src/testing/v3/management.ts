import type { NodeRecorder } from '../record/node-recorder';
import type { Handle } from '../server/methods';
import type { Property } from '../store/row';
import { type Inventory, truncateNames } from './inventory';

interface InstanceRequest {
  readonly service: string;
  readonly serviceInstance: string;
}

interface Properties extends InstanceRequest {
  readonly properties: readonly Property[];
}

/** Both are answered by empty Commands, whatever they say: nothing resets a v3 agent. */
export function management(
  inventory: Inventory,
  nodeRecorder: NodeRecorder,
): Record<'keepAlive' | 'reportInstanceProperties', Handle> {
  return {
    keepAlive: (request) => {
      const identity = identityOf(request as unknown as InstanceRequest);
      if (nodeRecorder.isOpen) inventory.upsert(identity, nodeRecorder.now());
      nodeRecorder.heartbeat({ ...identity, instanceId: 0, time: 0, reset: false });
      return Promise.resolve({});
    },

    reportInstanceProperties: (request) => {
      const instance = request as unknown as Properties;
      if (nodeRecorder.isOpen) inventory.describe(identityOf(instance), instance.properties, nodeRecorder.now());
      return Promise.resolve({});
    },
  };
}

function identityOf({ service, serviceInstance }: InstanceRequest) {
  return { service: truncateNames.service(service), uuid: truncateNames.instance(serviceInstance) };
}
