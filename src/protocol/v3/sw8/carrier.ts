import { memoized } from '../../../base/memoized';
import { type Id, isIdText, OpaqueId, parseId, writeDigits, writeIdText } from '../../../model/ids';
import { MAX_CARRIER_LENGTH } from '../../../model/limits';
import { readBase64, writeBase64 } from '../../../tracing/propagation/base64';
import { MAX_NAME_FIELD, readableName, readName } from '../../../tracing/propagation/parse-name';

/** What the header `sw8` says of a call. */
export interface Sw8 {
  /** The caller records this trace, so every service does; otherwise none does. */
  readonly isSampled: boolean;
  readonly traceId: Id;
  readonly parentSegmentId: Id;
  /** The id of the caller's exit span. */
  readonly parentSpanId: number;
  readonly parentService: string;
  readonly parentInstance: string;
  readonly parentEndpoint: string;
  /** The address that the caller called us by. */
  readonly addressUsedAtPeer: string;
}

const DASH = 0x2d;
const ONE = 0x31;
const ZERO = 0x30;

/** Both ways are synchronous, so one buffer of each kind serves all: one field without its Base64; the ids of a header, or one field in Base64. */
const field = Buffer.allocUnsafeSlow((MAX_CARRIER_LENGTH / 4) * 3);
const line = Buffer.allocUnsafeSlow(5 * MAX_CARRIER_LENGTH);

/** The header; `undefined` if it would be too long, or a part of it is empty, which no agent accepts. */
export function formatSw8(sw8: Sw8): string | undefined {
  const service = base64Of(sw8.parentService);
  const instance = base64Of(sw8.parentInstance);
  const endpoint = base64Of(sw8.parentEndpoint);
  const address = base64Of(sw8.addressUsedAtPeer);
  if (service === '' || instance === '' || endpoint === '' || address === '') return undefined;
  line[0] = sw8.isSampled ? ONE : ZERO;
  let at = writeId(1, sw8.traceId);
  at = writeId(at, sw8.parentSegmentId);
  line[at] = DASH;
  at = writeDigits(line, at + 1, sw8.parentSpanId);
  const header = `${line.toString('latin1', 0, at)}-${service}-${instance}-${endpoint}-${address}`;
  return header.length <= MAX_CARRIER_LENGTH ? header : undefined;
}

function writeId(pos: number, id: Id): number {
  line[pos] = DASH;
  return writeBase64(line, pos + 1, field, writeIdText(field, 0, id));
}

/** Names of few services, endpoints and hosts are in all headers. Empty: it is too long for any, or nothing is left of it. */
const base64Of = memoized((given) => {
  const text = readableName(given);
  if (Buffer.byteLength(text) > field.length) return '';
  return line.toString('latin1', 0, writeBase64(line, 0, field, field.write(text, 0)));
});

const FIELDS = 8;
const SPAN_ID = /^\d{1,10}$/;
const LARGEST_INT32 = 2 ** 31 - 1;

/**
 * Takes the header for what it says, or for nothing: `undefined` wherever a part is missing, empty or not what it has to
 * be. A header that came twice is one of these (Node joins the two by `, `). Never throws, whatever is there.
 */
export function parseSw8(header: unknown): Sw8 | undefined {
  if (typeof header !== 'string' || header.length > MAX_CARRIER_LENGTH) return undefined;
  const parts = header.split('-', FIELDS + 1);
  if (parts.length !== FIELDS) return undefined;
  const [sample, traceId, segmentId, spanId, service, instance, endpoint, address] = parts.map((part, at) =>
    at === 0 || at === 3 ? part : at < 3 ? idIn(part) : nameIn(part),
  );
  if (sample !== '0' && sample !== '1') return undefined;
  if (!isId(traceId) || !isId(segmentId) || !service || !instance || !endpoint || !address) return undefined;
  if (typeof spanId !== 'string' || !SPAN_ID.test(spanId) || Number(spanId) > LARGEST_INT32) return undefined;
  return {
    isSampled: sample === '1',
    traceId,
    parentSegmentId: segmentId,
    parentSpanId: Number(spanId),
    parentService: String(service),
    parentInstance: String(instance),
    parentEndpoint: String(endpoint),
    addressUsedAtPeer: String(address),
  };
}

function isId(value: Id | string | undefined): value is Id {
  return typeof value === 'object';
}

function decode(base64: string): number {
  return readBase64(field, base64, 0, base64.length);
}

function nameIn(base64: string): string | undefined {
  const length = base64.length > MAX_NAME_FIELD ? -1 : decode(base64);
  return length <= 0 ? undefined : readName(field, 0, length);
}

/** Three int64 where it is just that, so that v2 can carry it; otherwise a text that means nothing to us. */
function idIn(base64: string): Id | undefined {
  const length = decode(base64);
  const text = field.toString('latin1', 0, Math.max(0, length));
  if (!isIdText(text)) return undefined;
  const id = parseId(field, length);
  return id?.toString() === text ? id : new OpaqueId(text);
}
