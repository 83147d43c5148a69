import type { Writer } from 'protobufjs/minimal';
import { lazy } from '../lazy';
import type { Heartbeat, InstanceRegistration } from './control';

/** `DetectPoint.server`: the only kind of endpoint that every server of v2 takes. */
const FROM_SERVER = 1;

/** `Services` */
export function encodeServices(names: readonly string[]): Buffer {
  return message((writer) => {
    for (const name of names) nested(writer, 1, (service) => text(service, 1, name));
  });
}

/** `ServiceInstances` */
export function encodeServiceInstances(instances: readonly InstanceRegistration[]): Buffer {
  return message((writer) => {
    for (const instance of instances) nested(writer, 1, (to) => writeInstance(to, instance));
  });
}

/** `ServiceInstancePingPkg` */
export function encodePing({ instanceId, instanceName, time }: Heartbeat): Buffer {
  return message((writer) => {
    int32(writer, 1, instanceId);
    int64(writer, 2, time);
    text(writer, 3, instanceName);
  });
}

/** `NetAddresses`. Repeated, so an empty one is written too. */
export function encodeNetAddresses(addresses: readonly string[]): Buffer {
  return message((writer) => {
    for (const address of addresses) bytes(writer, 1, address);
  });
}

/** `Endpoints` */
export function encodeEndpoints(serviceId: number, names: readonly string[]): Buffer {
  return message((writer) => {
    for (const name of names) {
      nested(writer, 1, (endpoint) => {
        int32(endpoint, 1, serviceId);
        text(endpoint, 2, name);
        int32(endpoint, 5, FROM_SERVER);
      });
    }
  });
}

function writeInstance(writer: Writer, { serviceId, instanceName, time, properties }: InstanceRegistration): void {
  int32(writer, 1, serviceId);
  text(writer, 2, instanceName);
  int64(writer, 3, time);
  for (const [key, value] of properties) {
    nested(writer, 5, (pair) => {
      text(pair, 1, key);
      text(pair, 2, value);
    });
  }
}

function message(write: (writer: Writer) => void): Buffer {
  const writer = lazy.protobuf().Writer.create();
  write(writer);
  return Buffer.from(writer.finish());
}

function nested(writer: Writer, field: number, write: (writer: Writer) => void): void {
  write(writer.uint32((field << 3) | 2).fork());
  writer.ldelim();
}

function text(writer: Writer, field: number, value: string): void {
  if (value !== '') bytes(writer, field, value);
}

/** Not the writer's own `string`: that lets lone surrogates through, which are no UTF-8. */
function bytes(writer: Writer, field: number, value: string): void {
  writer.uint32((field << 3) | 2).bytes(Buffer.from(value));
}

function int32(writer: Writer, field: number, value: number): void {
  if (value !== 0) writer.uint32(field << 3).int32(value);
}

function int64(writer: Writer, field: number, value: number): void {
  if (value !== 0) writer.uint32(field << 3).int64(value);
}
