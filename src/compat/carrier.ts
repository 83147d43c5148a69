import { define } from '../base/define';
import { isIdText } from '../model/ids';
import { LIMITS, MAX_CARRIER_LENGTH } from '../model/limits';
import { firstKeys } from '../base/first-keys';
import { truncate } from '../base/text';
import { CARRIER_HEADERS, MAX_HEADERS, SW6, SW8 } from '../tracing/propagation/headers';
import { readName } from '../tracing/propagation/parse-name';

/**
 * What is ours of a carrier, a span or a context: neither listed nor printed with it. No `#` field, which a proxy does
 * not have: applications and test libraries wrap such objects in one.
 */
export const OWN = Symbol('skyanchor');

export function hide<T extends object>(owner: { readonly [OWN]: T }, state: T): void {
  // A proxy may answer for what is configurable with a proxy of that, too; for anything else the engine throws.
  define(owner, OWN, { value: state, configurable: true, writable: true });
}

/** Whether it is one of ours, perhaps in a proxy, whose traps may throw. */
export function isOne<T extends object>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** Undefined without a carrier. One whose proxy throws has none. */
export function headersOf(carrier: ContextCarrier | undefined): Readonly<Record<string, string>> | undefined {
  try {
    return carrier?.headers;
  } catch {
    return {};
  }
}

/** An id of a trace or a segment. */
export class ID {
  constructor(readonly rawId: string) {}

  toString(): string {
    return this.rawId;
  }
}

/** A trace header of a message. */
export interface CarrierItem {
  readonly key: string;
  value: string;
}

/** As agents write them: numbers and Base64, eight parts in `sw8`, nine in `sw6`. What an application reads it prints, too. */
const SHAPE = { [SW8]: shapeOf(8), [SW6]: shapeOf(9) };
const LARGEST_INT32 = 2 ** 31 - 1;

/** The trace headers of a message, on their way in or out. It is the first of its own items. */
export class ContextCarrier implements CarrierItem {
  /** `sw6` where a backend of version 6 or 7 has to understand it. */
  key: string = SW8;
  declare readonly [OWN]: {
    /** The header as it came, or as it is to be sent: also where it cannot be read. */
    header?: string;
    sample: string;
  };

  constructor(
    public traceId?: ID,
    public segmentId?: ID,
    public spanId?: number,
    public service?: string,
    public serviceInstance?: string,
    public endpoint?: string,
    public clientAddress?: string,
    public items: CarrierItem[] = [],
  ) {
    hide(this, { sample: '1' });
    if (Array.isArray(items)) items.push(this);
    else this.items = [this];
  }

  /** Empty where it says nothing. */
  get value(): string {
    if (!this.isValid()) return '';
    if (this.key === SW6) return isWhole(SW6, this[OWN].header) ? this[OWN].header : '';
    const { traceId, segmentId, spanId, service, serviceInstance, endpoint, clientAddress } = this;
    const names = [service, serviceInstance, endpoint, clientAddress];
    return [this[OWN].sample, encode(traceId), encode(segmentId), String(spanId), ...names.map(encode)].join('-');
  }

  /** The header as a message brings it. Of one that does not count nothing shows, nor of one before it. */
  set value(header: string) {
    if (typeof header !== 'string' || header === '') return;
    this[OWN].header = header;
    this.traceId = this.segmentId = this.spanId = undefined;
    this.service = this.serviceInstance = this.endpoint = this.clientAddress = undefined;
    if (!isWhole(this.key, header)) return;
    const [sample = '', traceId, segmentId, spanId, ...names] = header.split('-');
    const [trace, segment] = [decode(traceId).toString(), decode(segmentId).toString()];
    if (!isIdText(trace) || !isIdText(segment) || Number(spanId) > LARGEST_INT32) return;
    this[OWN].sample = sample;
    this.traceId = new ID(trace);
    this.segmentId = new ID(segment);
    this.spanId = Number(spanId);
    // In `sw6` they are numbers that mean something to the backend alone.
    if (this.key === SW8) [this.service, this.serviceInstance, this.endpoint, this.clientAddress] = namesIn(names);
  }

  /** Whether it names a place that asked. An empty header means that the caller is not traced. */
  isValid(): boolean {
    const { traceId, segmentId, spanId, service, endpoint, clientAddress } = this;
    if (!hasText(traceId) || !hasText(segmentId) || typeof spanId !== 'number' || Number.isNaN(spanId)) return false;
    return this.key === SW6 || (Boolean(service) && Boolean(endpoint) && clientAddress !== undefined);
  }

  /** @param map headers by name, in upper or lower case; undefined: there is no carrier among them */
  static from(map: Readonly<Record<string, unknown>> | null | undefined): ContextCarrier | undefined {
    const headers = headersIn(map);
    return headers.some(isMain) ? ContextCarrier.of(headers) : undefined;
  }

  /** Made of headers that are there; without `sw8` and `sw6` it has no items. */
  static of(headers: readonly CarrierItem[]): ContextCarrier {
    const main = headers.find(isMain);
    const carrier = new ContextCarrier();
    carrier.items = main ? [carrier, ...headers.filter((header) => header !== main)] : [];
    if (!main) return carrier;
    carrier.key = main.key;
    carrier.value = main.value;
    carrier[OWN].header = main.value;
    return carrier;
  }

  /** As a request has them. */
  get headers(): Readonly<Record<string, string>> {
    const { items } = this;
    try {
      return Object.fromEntries(
        items.map((item) => [item.key, isSame(item, this) ? (this[OWN].header ?? this.value) : item.value]),
      );
    } catch {
      // What the application put in as an item is none.
      return {};
    }
  }

  /** Without the items, which hold this very object. */
  toJSON(): CarrierItem {
    return { key: this.key, value: this.value };
  }
}

function shapeOf(parts: number): RegExp {
  return new RegExp(`^[01](-[a-z\\d+/]+=*){2}-\\d{1,10}(-[a-z\\d+/]*=*){${parts - 4}}$`, 'i');
}

function isWhole(key: string, header: string | undefined): header is string {
  return header !== undefined && header.length <= MAX_CARRIER_LENGTH && SHAPE[key === SW6 ? SW6 : SW8].test(header);
}

/** Also where one of the two is a proxy of the other. */
function isSame(item: CarrierItem, carrier: ContextCarrier): boolean {
  return (item as Partial<ContextCarrier>)[OWN] === carrier[OWN];
}

function isMain({ key }: CarrierItem): boolean {
  return key === SW8 || key === SW6;
}

function headersIn(map: Readonly<Record<string, unknown>> | null | undefined): CarrierItem[] {
  try {
    return firstKeys(map, MAX_HEADERS).flatMap((name): CarrierItem[] => {
      const key = name.toLowerCase();
      if (!CARRIER_HEADERS.includes(key)) return [];
      const value = map?.[name];
      const text: unknown = Array.isArray(value) ? value[0] : value;
      return typeof text === 'string' ? [{ key, value: text }] : [];
    });
  } catch {
    // A proxy or a getter of the application's threw.
    return [];
  }
}

function hasText(id: unknown): boolean {
  return truncate(id ?? '', 1) !== '';
}

function encode(text: unknown): string {
  return Buffer.from(truncate(text ?? '', LIMITS.value)).toString('base64');
}

function decode(base64 = ''): Buffer {
  return Buffer.from(base64, 'base64');
}

/** All or none. */
function namesIn(fields: readonly string[]): readonly (string | undefined)[] {
  const names = fields.map((field) => {
    const bytes = decode(field);
    return readName(bytes, 0, bytes.length);
  });
  return names.includes(undefined) ? [] : names;
}
