import { memoized, MemoizedLast } from '../../base/memoized';
import { truncate } from '../../base/text';
import { LIMITS } from '../../model/limits';
import { hostPort } from '../http/peer';

/** What OpenTelemetry says of a span. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What a span becomes of its attributes. */
export interface Description {
  readonly component: number;
  readonly layer: number;
  /** `host:port`; where the library does not say, the system's name. Empty: not even that is known. */
  readonly peer: string;
  /** It is the name of a service, since the library does not say where that is. */
  readonly isPlaceUnknown?: boolean;
  /** `undefined`: as OpenTelemetry names it. */
  readonly name?: string | undefined;
  /** Work within the process is called so, too; otherwise only what leaves it or comes to it. */
  readonly isNameOfLocal?: boolean;
  /** An HTTP entry has these in the fields that our own entries use: the protocol names the endpoint and the tags by them. */
  readonly request?: { readonly method: string; readonly url: string; readonly statusCode: number };
  /** key, value, key, value … */
  readonly tags: readonly unknown[];
  /** Attributes that are said by all that, and need not be tags as well. */
  isSaid(this: void, key: string): boolean;
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
    const text = textOf(attributes[key]);
    if (text !== '') return text;
  }
  return '';
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return truncate(value, MAX_ATTRIBUTE_LENGTH);
  return typeof value === 'number' ? String(value) : '';
}

/** Where the attributes stand that descriptions ask for: of one thing, the stable name first. */
type Places = readonly number[];

const places = new Map<string, number>();
const NOTHING: readonly unknown[] = [];

/** To be called once for each thing that descriptions ask for. */
export function names(...keys: readonly string[]): Places {
  return keys.map((key) => {
    const known = places.get(key) ?? places.size;
    places.set(key, known);
    return known;
  });
}

/**
 * The attributes of a span, read once: a description asks for some forty, of which a span has a few, and to look in an
 * object for what it has not is slow.
 */
export class KnownAttributes {
  /** key, value, key, value … */
  list = NOTHING;
  private readonly values: unknown[] = [];

  /** Forgets what it has read before. @param list key, value, key, value … */
  read(list: readonly unknown[]): this {
    const { values } = this;
    this.list = list;
    for (let at = 0; at < places.size; at++) values[at] = undefined;
    for (let at = 0; at < list.length; at += 2) {
      const place = places.get(list[at] as string);
      if (place !== undefined) values[place] = list[at + 1];
    }
    return this;
  }

  /** They may be large, and the next span come late. */
  forget(): void {
    this.list = NOTHING;
    this.values.length = places.size;
    this.values.fill(undefined);
  }

  /** The value of the first of these that is there, as text. */
  text(those: Places): string {
    for (const place of those) {
      const value = this.values[place];
      if (value === undefined) continue;
      const text = textOf(value);
      if (text !== '') return text;
    }
    return '';
  }
}

/** What a table says of a key that may be anything, such as `constructor`. */
export function valueOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

const HOST = names('server.address', 'net.peer.name', 'network.peer.address', 'net.sock.peer.addr', 'net.peer.ip');
const PORT = names('server.port', 'net.peer.port', 'network.peer.port', 'net.sock.peer.port');

const place = new MemoizedLast((host: string, port: string | number) =>
  host.startsWith('/') ? `unix:${host}` : port === 0 ? host : hostPort(host, port),
);

/** Where the other side is, `host:port`. @param otherwise where only the host is said; 0: there is no usual port */
export function peerIn(attributes: KnownAttributes, otherwise = 0): string {
  const host = attributes.text(HOST);
  return host === '' ? '' : place.get(host, attributes.text(PORT) || otherwise);
}

const PLACE = /^(?:server|net|network|client|peer)\./;

/** Attributes that say where the other side is. */
export const isPlace = memoized((key) => PLACE.test(key));
