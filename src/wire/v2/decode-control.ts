import { MAX_PAIRS } from '../message/bounds';
import { eachField, eachMessage, readInt32, readText } from '../message/read';

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

export interface EndpointMapping {
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
