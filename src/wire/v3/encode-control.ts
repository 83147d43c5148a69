import { message, writePair, writeText } from '../message/write';
import type { InstanceName } from './control';

/** `InstancePingPkg` */
export function encodePing({ serviceName, instanceName }: InstanceName): Buffer {
  return message((writer) => {
    writeText(writer, 1, serviceName);
    writeText(writer, 2, instanceName);
  });
}

/** `InstanceProperties` */
export function encodeProperties(
  { serviceName, instanceName }: InstanceName,
  properties: readonly (readonly [key: string, value: string])[],
): Buffer {
  return message((writer) => {
    writeText(writer, 1, serviceName);
    writeText(writer, 2, instanceName);
    for (const property of properties) writePair(writer, 3, property);
  });
}

/** `ConfigurationSyncRequest` */
export function encodeSyncRequest(serviceName: string, uuid: string): Buffer {
  return message((writer) => {
    writeText(writer, 1, serviceName);
    writeText(writer, 2, uuid);
  });
}
