import { eachField, eachMessage, readText } from '../message/read';

/**
 * The `KeyIntValuePair`s of `ServiceRegisterMapping`, `ServiceInstanceRegisterMapping` and `NetAddressMapping`, field
 * 1 in all of them. Throws on what is no protobuf, as all of these do.
 */
export function decodeKeyInts(bytes: Buffer): ReadonlyMap<string, number> {
  const pairs = new Map<string, number>();
  eachMessage(bytes, 1, (pair) => {
    let key = '';
    let value = 0;
    eachField(pair, (field, wire) => {
      if (field === 1 && wire === 2) key = readText(pair);
      else if (field === 2 && wire === 0) value = pair.int32();
      else pair.skipType(wire);
    });
    pairs.set(key, value);
  });
  return pairs;
}

export interface EndpointMapping {
  readonly serviceId: number;
  readonly name: string;
  readonly endpointId: number;
}

/** `EndpointMapping` */
export function decodeEndpoints(bytes: Buffer): readonly EndpointMapping[] {
  const elements: EndpointMapping[] = [];
  eachMessage(bytes, 1, (element) => {
    let serviceId = 0;
    let name = '';
    let endpointId = 0;
    eachField(element, (field, wire) => {
      if (field === 1 && wire === 0) serviceId = element.int32();
      else if (field === 2 && wire === 2) name = readText(element);
      else if (field === 3 && wire === 0) endpointId = element.int32();
      else element.skipType(wire);
    });
    elements.push({ serviceId, name, endpointId });
  });
  return elements;
}
