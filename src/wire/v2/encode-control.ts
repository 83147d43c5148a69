import type { Writer } from 'protobufjs/minimal';
import { message, writeBytes, writeInt32, writeInt64, writeNested, writePair, writeText } from '../message/write';
import type { Heartbeat, InstanceRegistration } from './control';

/** `DetectPoint.server`: the only kind of endpoint that every server of v2 takes. */
const FROM_SERVER = 1;

/** `Services` */
export function encodeServices(names: readonly string[]): Buffer {
  return message((writer) => {
    for (const name of names) writeNested(writer, 1, (service) => writeText(service, 1, name));
  });
}

/** `ServiceInstances` */
export function encodeServiceInstances(instances: readonly InstanceRegistration[]): Buffer {
  return message((writer) => {
    for (const instance of instances) writeNested(writer, 1, (to) => writeInstance(to, instance));
  });
}

/** `ServiceInstancePingPkg` */
export function encodePing({ instanceId, instanceName, time }: Heartbeat): Buffer {
  return message((writer) => {
    writeInt32(writer, 1, instanceId);
    writeInt64(writer, 2, time);
    writeText(writer, 3, instanceName);
  });
}

/** `NetAddresses`. Repeated, so an empty one is written too. */
export function encodeNetAddresses(addresses: readonly string[]): Buffer {
  return message((writer) => {
    for (const address of addresses) writeBytes(writer, 1, address);
  });
}

/** `Endpoints` */
export function encodeEndpoints(serviceId: number, names: readonly string[]): Buffer {
  return message((writer) => {
    for (const name of names) {
      writeNested(writer, 1, (endpoint) => {
        writeInt32(endpoint, 1, serviceId);
        writeText(endpoint, 2, name);
        writeInt32(endpoint, 5, FROM_SERVER);
      });
    }
  });
}

function writeInstance(writer: Writer, { serviceId, instanceName, time, properties }: InstanceRegistration): void {
  writeInt32(writer, 1, serviceId);
  writeText(writer, 2, instanceName);
  writeInt64(writer, 3, time);
  for (const property of properties) writePair(writer, 5, property);
}
