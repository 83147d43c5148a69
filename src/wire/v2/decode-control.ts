import type { Reader } from 'protobufjs/minimal';
import { lazy } from '../lazy';

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

/** The names of the commands in `Commands`. Their arguments mean nothing to us. */
export function decodeCommands(bytes: Buffer): readonly string[] {
  const names: string[] = [];
  eachMessage(bytes, 1, (command) => {
    eachField(command, (field, wire) => {
      if (field === 1 && wire === 2) names.push(readText(command));
      else command.skipType(wire);
    });
  });
  return names;
}

function eachMessage(bytes: Buffer, wanted: number, read: (message: Reader) => void): void {
  const { Reader: Protobuf } = lazy.protobuf();
  const reader = Protobuf.create(bytes);
  eachField(reader, (field, wire) => {
    if (field === wanted && wire === 2) read(Protobuf.create(reader.bytes()));
    else reader.skipType(wire);
  });
}

function eachField(reader: Reader, read: (field: number, wire: number) => void): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 0) throw new Error('a field has no number');
    read(tag >>> 3, tag & 7);
  }
}

/** Not the reader's own `string`: that takes a text cut short for a whole one. Halves of pairs become U+FFFD. */
function readText(reader: Reader): string {
  return Buffer.from(reader.bytes()).toString();
}
