import { readBase64 } from '../../../tracing/propagation/base64';
import { OpaqueId, type Id } from '../../../model/ids';
import { parseId } from '../../../model/id-text';
import { MAX_NAME_FIELD, readName } from '../../../tracing/propagation/parse-name';
import { MAX_CARRIER_LENGTH } from '../../../tracing/propagation/headers';
import type { Sw8 } from './header';

const FIELDS = 8;
const SPAN_ID = /^\d{1,10}$/;
const LARGEST_INT32 = 2 ** 31 - 1;
/** Any agent's id is shorter by far: 36 characters of a UUID, 62 of three int64. */
const LONGEST_ID = 127;

/** One field, decoded. Reading is synchronous, so one serves all. */
const field = Buffer.allocUnsafeSlow((MAX_CARRIER_LENGTH / 4) * 3);

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
  if (length <= 0 || length > LONGEST_ID) return undefined;
  const text = field.toString('latin1', 0, length);
  if (!/^[!-~]+$/.test(text)) return undefined;
  const id = parseId(field, length);
  return id?.toString() === text ? id : new OpaqueId(text);
}
