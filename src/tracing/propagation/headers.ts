import { ForeignHeaders } from '../../model/foreign-headers';
import { isKnownHeader, isLongHeader, type KnownHeader, knownHeader } from '../../model/known-header';
import { MAX_CARRIER_LENGTH } from '../../model/limits';
import { formatCorrelation, parseCorrelation } from './correlation';

/** The headers of a request as Node has them: by names in lower case. */
export type IncomingHeaders = Readonly<Record<string, unknown>>;

/**
 * Adds a header to a request. One that the application set stays, unless it is `forwarded`: a gateway that
 * hands its own caller's headers on does not mean to leave itself out of the trace.
 */
export type HeaderSetter<T> = (into: T, name: string, value: string, forwarded?: KnownHeader) => void;

/** Takes a header out of a request wherever {@link isHandedOn}. @param came its value as it came in, or null */
export type HeaderRemover<T> = (into: T, name: string, came: KnownHeader | null) => void;

/** The carrier of a v2 backend's agents. */
export const SW6 = 'sw6';
/** That of a v3 backend's agents. */
export const SW8 = 'sw8';
export const SW8_CORRELATION = 'sw8-correlation';
/** `<mode>-<time>`: whether this trace is left out of the metrics, and when the request was sent. */
export const SW8_X = 'sw8-x';

/** The most headers of a message that are looked at: as many as Node takes of a request by default. */
export const MAX_HEADERS = 2_000;

/** When the producer of a message sent it, milliseconds since 1970; `undefined`: it does not say. */
export function sentAt(headers: IncomingHeaders): number | undefined {
  const { [SW8_X]: header } = headers;
  const time = typeof header === 'string' ? /^[01]-(\d{1,15})$/.exec(header)?.[1] : undefined;
  return time === undefined ? undefined : Number(time);
}

/** A carrier that is no header object of Node's: the headers of a message, the metadata of a gRPC call. */
export interface CarrierGetter {
  /** @param name in lower case; whether case counts is for the carrier to say */
  get(name: string): unknown;
}

/** All of them. */
export const CARRIER_HEADERS: readonly string[] = [SW8, SW8_CORRELATION, SW8_X, SW6];

/**
 * What a carrier says of the trace, as `openEntry` takes it. Libraries hand a value on as a string, as bytes (Kafka), or
 * as a list of one of these (gRPC). Never throws, even where the getter does.
 */
export function readCarrier(carrier: CarrierGetter): IncomingHeaders {
  const headers: Record<string, string> = {};
  try {
    for (const name of CARRIER_HEADERS) {
      const text = textOf(carrier.get(name));
      if (text !== undefined) headers[name] = text;
    }
  } catch {
    // What was read before it counts.
  }
  return headers;
}

/** The carriers among these headers, without the others; `undefined`: there are none. */
export function carriersIn(headers: IncomingHeaders): Readonly<Record<string, string>> | undefined {
  let carriers: Record<string, string> | undefined;
  for (const name of CARRIER_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') (carriers ??= {})[name] = value;
  }
  return carriers;
}

/** Whether it takes more to keep them than to keep what they say. */
export function areLong(carriers: Readonly<Record<string, string>>): boolean {
  return Object.values(carriers).some(isLongHeader);
}

/** For what the application may keep for long: without the text of long headers that says nothing. */
export function narrowed(headers: IncomingHeaders): IncomingHeaders {
  const carriers = carriersIn(headers);
  if (carriers === undefined || !areLong(carriers)) return headers;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(carriers)) {
    const said = isLongHeader(value) ? saidIn(name, value) : value;
    if (said !== undefined) kept[name] = said;
  }
  return kept;
}

function saidIn(name: string, long: string): string | undefined {
  if (name === SW8_CORRELATION) return formatCorrelation(parseCorrelation(long));
  return name === SW8_X || long.length > MAX_CARRIER_LENGTH ? undefined : long;
}

/** What of these headers must not be believed, here or further on; `undefined`: there is none. */
export function foreignAmong(headers: IncomingHeaders): ForeignHeaders | undefined {
  let pairs: [name: string, value: KnownHeader | null][] | undefined;
  for (const name of CARRIER_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') (pairs ??= []).push([name, knownForeign(value)]);
  }
  return pairs && new ForeignHeaders(pairs);
}

/** If one came more than once, its parts may go out by themselves: only its text shows them. */
function knownForeign(value: string): KnownHeader | null {
  if (!isLongHeader(value)) return value;
  return value.length > MAX_CARRIER_LENGTH || value.includes(', ') ? null : knownHeader(value);
}

/**
 * Whether a header that goes out has the value of one that came in. Of one that came more than once Node makes a single
 * text, and an application may hand on the parts, as a list or each by itself.
 * @param value as the application gave it; undefined: there is none
 * @param came null: whatever it is
 */
export function isHandedOn(value: unknown, came: KnownHeader | null): boolean {
  if (value === undefined) return false;
  if (came === null || isKnownHeader(value, came)) return true;
  if (Array.isArray(value)) return value.some((one) => isHandedOn(one, came));
  if (typeof value !== 'string' || typeof came !== 'string') return false;
  return came.includes(',') && value.length <= MAX_CARRIER_LENGTH && partsOf(came).includes(partsOf(value));
}

/** `Headers` takes the blank off the end of `a, `, and a list as text has none between its parts. */
const partsOf = (value: string): string =>
  `,${value
    .split(',')
    .map((part) => part.trim())
    .join(',')},`;

function textOf(value: unknown): string | undefined {
  // As in HTTP, two carriers are none.
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof only === 'string') return only;
  if (!(only instanceof Uint8Array) || only.length > MAX_CARRIER_LENGTH) return undefined;
  return Buffer.from(only.buffer, only.byteOffset, only.length).toString();
}
