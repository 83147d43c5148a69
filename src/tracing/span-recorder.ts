import { errorLog } from './error-log';
import { LIMITS } from '../model/limits';
import { firstKeys } from '../base/first-keys';
import { copyOf, mayBeSlice, truncate } from '../base/text';
import { wholeMillis } from '../base/time';
import type { Clock } from '../base/clock';
import type { SpanLimitCounters } from './span-factory';
import { SpanType } from '../model/components';
import type { Span, SegmentRef } from '../model/segment';

/**
 * Records what is reported of an open span: tags, logs, errors, refs, each within its limit; what is over it is counted.
 * No method throws, whatever it is given, and a span that has ended takes nothing more.
 */
export class SpanRecorder {
  constructor(
    private readonly clock: Clock,
    private readonly leftOut: SpanLimitCounters,
    /** Whether an error is one that fails no span. */
    private readonly isIgnored?: (error: unknown) => boolean,
  ) {}

  /**
   * Each key is there once, with its last value: a backend that finds one twice on a span of layer Cache loses the segment
   * (OAP 10.1). So it does for a value that it cannot read, which goes under another key.
   * @param value anything; becomes a string
   */
  tag(span: Span, key: string, value: unknown): void {
    if (span.endTime !== 0) return;
    let name = this.kept(span, truncate(key, LIMITS.key));
    const printed = this.kept(span, truncate(value, LIMITS.value));
    if ((span.urlRest !== '' || span.method !== '') && replacesHttpField(span, name, printed)) return;
    if (isHarmfulTag(name, printed)) {
      name = `${name}.invalid`;
      this.leftOut.renamed++;
    }
    const tags = (span.tags ??= []);
    for (let at = 0; at < tags.length; at += 2) {
      if (tags[at] === name) {
        tags[at + 1] = printed;
        return;
      }
    }
    if (tags.length >= 2 * LIMITS.tags) this.leftOut.droppedAttributes++;
    else tags.push(name, printed);
  }

  /** Tags by keys of the agent's own, none of which a backend takes amiss. @param tags key, value, key, value … each key once */
  tagAll(span: Span, tags: readonly unknown[]): void {
    const isBare = span.tags === undefined && span.urlRest === '' && span.method === '' && span.endTime === 0;
    if (isBare) span.tags = tags.length === 0 ? undefined : tags.map(tagText);
    else for (let at = 0; at < tags.length; at += 2) this.tag(span, String(tags[at]), tags[at + 1]);
  }

  /**
   * The application's own name, which no route replaces later. Without effect once another process was told of the old
   * one. A v3 backend gets the method of a request before the name; where the given one begins with it, that is not
   * the name's.
   */
  rename(span: Span, name: unknown): void {
    if (span.endTime !== 0 || span.isNameFrozen) return;
    const given = truncate(name, LIMITS.name);
    const prefix = span.type === SpanType.entry && span.method !== '' ? `${span.method}:` : '';
    const own = given.startsWith(prefix) ? given.slice(prefix.length) : given;
    if (own === '') return;
    span.operationName = this.kept(span, own);
    span.naming = undefined;
  }

  /** Something that happened, as keys and values. @param time milliseconds since 1970; absent: now */
  log(span: Span, data: Readonly<Record<string, unknown>>, time?: number): void {
    if (span.endTime !== 0) return;
    const flat: string[] = [];
    try {
      for (const key of firstKeys(data, LIMITS.entries)) {
        flat.push(truncate(key, LIMITS.key), truncate(data[key], LIMITS.value));
      }
    } catch {
      // A proxy or a getter of the application's threw: what was read before it is logged.
    }
    this.addLog(span, flat, time);
  }

  /** Notes what was thrown, without a word on whether the span has failed. */
  logError(span: Span, error: unknown, time?: number): void {
    if (span.endTime === 0) this.addLog(span, errorLog(error), time);
  }

  /** Marks the span as failed, with what was thrown as a log; of an error that is ignored there is the log alone. */
  fail(span: Span, error: unknown): void {
    if (span.endTime !== 0) return;
    if (this.isIgnored === undefined || !this.isIgnored(error)) span.isError = true;
    this.addLog(span, errorLog(error));
  }

  /** Names one more place that asked for this span's work. */
  link(span: Span, ref: SegmentRef): void {
    if (span.endTime !== 0) return;
    const refs = (span.refs ??= []);
    if (refs.length >= LIMITS.refs) this.leftOut.droppedAttributes++;
    else refs.push(ref);
  }

  private addLog(span: Span, data: readonly string[], time?: number): void {
    const logs = (span.logs ??= []);
    const now = this.clock.now();
    if (logs.length >= LIMITS.logs) this.leftOut.droppedAttributes++;
    else {
      const own = span.segment.isLasting(now) ? data.map(copyOf) : data;
      logs.push({ time: time === undefined ? now : wholeMillis(time, now), data: own });
    }
  }

  /** What its request's own span is told may stay for long. What a call is told is copied when that ends, if need be. */
  private kept(span: Span, text: string): string {
    const isAsked = span.spanId === 0 && mayBeSlice(text);
    return isAsked && span.segment.isLasting(this.clock.now()) ? copyOf(text) : text;
  }
}

function tagText(text: unknown): string {
  return truncate(text, LIMITS.value);
}

/** What a span of HTTP has as a field becomes a tag when it is encoded, and would be there twice. */
function replacesHttpField(span: Span, name: string, value: string): boolean {
  switch (name) {
    case 'url':
      span.url = value;
      return true;
    case 'http.status_code':
    case 'status_code':
      if (/^[1-9]\d\d$/.test(value)) span.statusCode = Number(value);
      return true;
    case 'http.method':
      return true;
    default:
      return false;
  }
}

/**
 * Whether a backend would lose the whole segment for this tag. OAP 8 and later makes metrics from some tags before it
 * stores anything, and gives up where it cannot read one (seen on 10.1.0): a logic endpoint in `x-le`, milliseconds in
 * `transmission.latency`.
 */
function isHarmfulTag(key: string, value: string): boolean {
  switch (key) {
    case 'x-le':
      return !isLogicEndpoint(value);
    case 'transmission.latency':
      return !/^[+-]?\d{1,18}$/.test(value);
    default:
      return false;
  }
}

/** An endpoint of its own, as `{"name": …, "latency": …, "status": …}`, or the span as one, as `{"logic-span": true}`. */
function isLogicEndpoint(value: string): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return false;
  }
  if (typeof parsed !== 'object' || parsed === null) return false;
  const { name, latency, status, 'logic-span': isSpan } = parsed as Readonly<Record<string, unknown>>;
  if (name === undefined) return isSpan === true;
  const isNamed = typeof name === 'string' && name !== '';
  return isNamed && typeof latency === 'number' && Number.isFinite(latency) && typeof status === 'boolean';
}
