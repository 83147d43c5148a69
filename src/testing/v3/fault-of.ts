import type { V3WireSegment, V3WireSpan } from './wire-segment';

/** Columns of the real server's storage; a row that does not fit is not written. */
const LONGEST_ID = 150;

/** Why OAP 10.1 answers OK and shows nothing, tried out on a real one. Undefined: it shows the segment. */
export function v3FaultOf({ traceId, traceSegmentId, spans }: V3WireSegment): string | undefined {
  if (!spans.some(({ spanId }) => spanId === 0)) return 'there is no span with spanId 0';
  if (spans.every(({ startTime }) => startTime === '0')) return 'no span has a startTime';
  if (traceId.length > LONGEST_ID) return longer('traceId');
  if (traceSegmentId.length > LONGEST_ID) return longer('traceSegmentId');
  return spans.map(tagFault).find(Boolean);
}

function longer(field: string): string {
  return `${field} is longer than ${LONGEST_ID} characters`;
}

/** Metrics are made from tags before anything is stored, and what is thrown then ends the segment. */
function tagFault({ spanType, spanLayer, peer, refs, tags }: V3WireSpan): string | undefined {
  const keys = tags.map(({ key }) => key);
  const twice = spanLayer === 'Cache' ? keys.find((key, index) => keys.indexOf(key) < index) : undefined;
  if (twice !== undefined) return `tag "${twice}" is there twice on a span of layer Cache`;
  const valuesOf = (wanted: string) => tags.filter(({ key }) => key === wanted).map(({ value }) => value);
  const isLocal = spanType === 'Local';
  const logic = spanType === 'Exit' ? [] : valuesOf('x-le');
  const unreadable = logic.find((value) => !isLogicEndpoint(value, isLocal));
  if (unreadable !== undefined) return `tag "x-le" cannot be read: ${unreadable}`;
  const queue = spanType === 'Entry' ? refs[0]?.networkAddressUsedAtPeer || peer : peer;
  if (spanLayer !== 'MQ' || isLocal || queue.trim() === '') return undefined;
  const latency = valuesOf('transmission.latency').find(
    (value) => value.trim() !== '' && !/^[+-]?\d{1,18}$/.test(value),
  );
  return latency === undefined ? undefined : `tag "transmission.latency" cannot be read: ${latency}`;
}

/** An object that says too little is passed over. */
function isLogicEndpoint(value: string, isLocal: boolean): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return false;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return false;
  const { name, latency, status, 'logic-span': isSpan } = parsed as Readonly<Record<string, unknown>>;
  if (isLocal && isSpan === true) return true;
  if ([name, latency, status].includes(undefined)) return true;
  return isPlain(name) && isPlain(status) && isPlain(latency) && latency !== '' && Number.isFinite(Number(latency));
}

function isPlain(value: unknown): boolean {
  return value !== null && typeof value !== 'object';
}
