import { MAX_CARRIER_LENGTH, SW6, SW8, SW8_CORRELATION, SW8_X, type IncomingHeaders } from './headers';

/** A carrier that is no header object of Node's: the headers of a message, the metadata of a gRPC call. */
export interface CarrierGetter {
  /** @param name in lower case; whether case counts is for the carrier to say */
  get(name: string): unknown;
}

const NAMES = [SW6, SW8, SW8_CORRELATION, SW8_X] as const;

/**
 * What a carrier says of the trace, as `openEntry` takes it. Libraries hand a value on as a string, as bytes (Kafka), or
 * as a list of one of these (gRPC). Never throws, even where the getter does.
 */
export function readCarrier(carrier: CarrierGetter): IncomingHeaders {
  const headers: Record<string, string> = {};
  try {
    for (const name of NAMES) {
      const text = textOf(carrier.get(name));
      if (text !== undefined) headers[name] = text;
    }
  } catch {
    // What was read before it counts.
  }
  return headers;
}

function textOf(value: unknown): string | undefined {
  // As in HTTP, two carriers are none.
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof only === 'string') return only;
  if (!(only instanceof Uint8Array) || only.length > MAX_CARRIER_LENGTH) return undefined;
  return Buffer.from(only.buffer, only.byteOffset, only.length).toString();
}
