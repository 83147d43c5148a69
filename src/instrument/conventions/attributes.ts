import { hostPort } from '../http/peer';
import { truncate } from '../../base/text';
import { LIMITS } from '../../model/limits';

/** What OpenTelemetry says of a span. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What a span becomes of its attributes. */
export interface Description {
  readonly component: number;
  readonly layer: number;
  /** `host:port`; where the library does not say, the system's name. Empty: not even that is known. */
  readonly peer: string;
  /** `undefined`: as OpenTelemetry names it. */
  readonly name?: string | undefined;
  /** Work within the process is called so, too; otherwise only what leaves it or comes to it. */
  readonly isNameOfLocal?: boolean;
  /** An HTTP entry has these in the fields that our own entries use: the protocol names the endpoint and the tags by them. */
  readonly request?: { readonly method: string; readonly url: string; readonly statusCode: number };
  /** key, value, key, value … */
  readonly tags: readonly unknown[];
  /** Attributes that are said by all that, and need not be tags as well. */
  isSaid(key: string): boolean;
}

/** What the application has asked for. */
export interface DescriptionOptions {
  readonly sqlParameters?: boolean;
  readonly sqlParametersMaxLength?: number;
  /** Where the spans of a system go to that do not say so. */
  readonly peers?: Readonly<Record<string, string>>;
}

/** Characters of an attribute that are looked at. None that is longer says where its span goes to. */
export const MAX_ATTRIBUTE_LENGTH = 32_768;

/** Attributes of a span that are looked at. */
export const MAX_ATTRIBUTES = 2 * LIMITS.tags;

/** The value of the first of these attributes that is there, as text; the stable name stands first. */
export function textIn(attributes: Attributes, ...keys: readonly string[]): string {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === 'string' && value !== '') return truncate(value, MAX_ATTRIBUTE_LENGTH);
    if (typeof value === 'number') return String(value);
  }
  return '';
}

/** What a table says of a key that may be anything, such as `constructor`. */
export function valueOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Where the other side is, `host:port`. @param otherwise where only the host is said; 0: there is no usual port */
export function peerIn(attributes: Attributes, otherwise = 0): string {
  const host = textIn(
    attributes,
    'server.address',
    'net.peer.name',
    'network.peer.address',
    'net.sock.peer.addr',
    'net.peer.ip',
  );
  if (host === '') return '';
  if (host.startsWith('/')) return `unix:${host}`;
  const port = textIn(attributes, 'server.port', 'net.peer.port', 'network.peer.port', 'net.sock.peer.port');
  if (port === '' && otherwise === 0) return host;
  return hostPort(host, port === '' ? otherwise : port);
}

const PLACE = /^(?:server|net|network|client|peer)\./;

/** Attributes that say where the other side is. */
export function isPlace(key: string): boolean {
  return PLACE.test(key);
}
