import type { Writer } from 'protobufjs/minimal';
import {
  message,
  writeBytes,
  writeInt32Field,
  writeInt64Field,
  writeNested,
  writePair,
  writeText,
} from '../protobuf/control/write';
import type { Heartbeat, InstanceRegistration } from '../../model/registration';
import { MAX_PAIRS } from '../../transport/answer-limits';
import { eachField, eachMessage, readInt32, readText } from '../protobuf/control/reader';

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
export function encodeHeartbeat({ instanceId, instanceName, time }: Heartbeat): Buffer {
  return message((writer) => {
    writeInt32Field(writer, 1, instanceId);
    writeInt64Field(writer, 2, time);
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
        writeInt32Field(endpoint, 1, serviceId);
        writeText(endpoint, 2, name);
        writeInt32Field(endpoint, 5, FROM_SERVER);
      });
    }
  });
}

function writeInstance(writer: Writer, { serviceId, instanceName, time, properties }: InstanceRegistration): void {
  writeInt32Field(writer, 1, serviceId);
  writeText(writer, 2, instanceName);
  writeInt64Field(writer, 3, time);
  for (const property of properties) writePair(writer, 5, property);
}

/**
 * The `KeyIntValuePair`s of `ServiceRegisterMapping`, `ServiceInstanceRegisterMapping` and `NetAddressMapping`, field
 * 1 in all of them; an id that is no int32 is 0. Throws on what is no protobuf, and `AnswerTooLarge`, as all of
 * these do.
 */
export function decodeKeyInts(bytes: Buffer): ReadonlyMap<string, number> {
  const pairs = new Map<string, number>();
  eachMessage(bytes, 1, MAX_PAIRS, (pair) => {
    let key = '';
    let value = 0;
    eachField(pair, (field, wire) => {
      if (field === 1 && wire === 2) key = readText(pair);
      else if (field === 2 && wire === 0) value = readInt32(pair);
      else pair.skipType(wire);
    });
    pairs.set(key, value);
  });
  return pairs;
}

interface EndpointMapping {
  readonly serviceId: number;
  readonly name: string;
  readonly endpointId: number;
}

/** `EndpointMapping` */
export function decodeEndpoints(bytes: Buffer): readonly EndpointMapping[] {
  const elements: EndpointMapping[] = [];
  eachMessage(bytes, 1, MAX_PAIRS, (element) => {
    let serviceId = 0;
    let name = '';
    let endpointId = 0;
    eachField(element, (field, wire) => {
      if (field === 1 && wire === 0) serviceId = readInt32(element);
      else if (field === 2 && wire === 2) name = readText(element);
      else if (field === 3 && wire === 0) endpointId = readInt32(element);
      else element.skipType(wire);
    });
    elements.push({ serviceId, name, endpointId });
  });
  return elements;
}

/** The methods of the v2 servers, OAP 6.0 to 7.0; their proto files have no package. */
export const V2Path = {
  registerService: '/Register/doServiceRegister',
  registerInstance: '/Register/doServiceInstanceRegister',
  registerEndpoints: '/Register/doEndpointRegister',
  registerNetworkAddresses: '/Register/doNetworkAddressRegister',
  ping: '/ServiceInstancePing/doPing',
  /** Exists in v3 too, with other messages: a v2 segment sent there vanishes without a word. */
  collect: '/TraceSegmentReportService/collect',
} as const;
