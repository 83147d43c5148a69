import { text } from '../trace/text';
import type { InstanceName } from './registry-api';

/** In UTF-16 units. Longer names OAP 8 and later cut by themselves, without a word. */
export const LONGEST = { service: 70, instance: 70, endpoint: 150 } as const;

/** By these names a v3 backend will show us. */
export function v3InstanceName({ serviceName, instanceName }: InstanceName): InstanceName {
  return {
    serviceName: text(serviceName, LONGEST.service),
    instanceName: text(instanceName, LONGEST.instance),
  };
}
