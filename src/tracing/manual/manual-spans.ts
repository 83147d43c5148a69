import { define } from '../../base/define';
import { firstKeys } from '../../base/first-keys';
import { context, untraced } from '../context';
import { MAX_HEADERS, readCarrier, type CarrierGetter } from '../propagation/headers';
import { SpanHandle } from './span-handle';
import { Layer } from '../../model/components';
import { Span } from '../../model/segment';
import type { LogContext, SetHeader, TraceCarrier, TraceSpan } from '../../api/agent';
import type { Tracer } from '../tracer';

const NO_PEER = 'unknown';
/** As other agents print what a log line does not have. */
const NONE = 'N/A';

/** The entry and exit spans of protocols that the application speaks itself. */
export const manualSpans = {
  /** The span that is active; `undefined` outside a trace. */
  current(tracer: Tracer): TraceSpan | undefined {
    const scope = context.getStore();
    if (scope === undefined || scope === untraced) return undefined;
    return scope instanceof Span
      ? new SpanHandle(tracer.details, scope)
      : new SpanHandle(tracer.details, undefined, scope);
  },

  /** An entry span around `fn`, with the trace that the carrier brings. */
  entry<T>(tracer: Tracer, name: string, carrier: TraceCarrier | undefined, fn: (span: TraceSpan) => T): T {
    const headers = readCarrier(getterOf(carrier));
    const span = tracer.openEntry(name, headers);
    if (!span) {
      const trace = tracer.unrecorded(name, headers).narrow();
      return context.run(context.within(trace), fn, new SpanHandle(tracer.details, undefined, trace));
    }
    span.layer = Layer.rpcFramework;
    // Within a request whose caller is not believed.
    span.segment.carrier ??= tracer.foreignFor(undefined);
    return tracer.runIn(span, fn, new SpanHandle(tracer.details, span));
  },

  /** An exit span around `fn`, which hands the trace on by `inject`. */
  exit<T>(tracer: Tracer, name: string, peer: string, fn: (span: TraceSpan, inject: (set: SetHeader) => void) => T): T {
    const parent = context.getStore();
    const address = typeof peer === 'string' && peer !== '' ? peer : NO_PEER;
    const span = tracer.openExit(name, address, parent);
    if (!span)
      return tracer.runUnrecorded(name, parent, fn, (set: SetHeader) => {
        const exit = tracer.unrecordedExit(name, address);
        if (exit) tracer.injectUnrecorded(exit, set, callSetter);
      });
    span.layer = Layer.rpcFramework;
    const handle = new SpanHandle(tracer.details, span);
    return tracer.runIn(span, fn, handle, (set) => tracer.inject(span, set, callSetter));
  },

  /** `fn` in the scope of now, whenever it is called. */
  bind<F extends (this: unknown, ...args: never[]) => unknown>(fn: F): F {
    if (typeof fn !== 'function') return fn;
    const scope = context.whole();
    const bound = function (this: unknown, ...args: never[]): unknown {
      const call = (): unknown => fn.apply(this, args);
      return scope === undefined ? context.exit(call) : context.run(scope, call);
    };
    try {
      define(bound, 'name', { value: fn.name, configurable: true });
      define(bound, 'length', { value: fn.length, configurable: true });
    } catch {
      // A proxy or a getter of the application's threw. It runs all the same.
    }
    return bound as F;
  },
};

/** Before a span is opened. Throws a TypeError, as the application's own code would, whether the agent runs or not. */
export function assertFunction(fn: unknown, signature: string): void {
  if (typeof fn === 'function') return;
  const kind = fn === undefined || fn === null ? String(fn) : `a ${typeof fn}`;
  throw new TypeError(`agent.${signature}: fn is ${kind}, expected a function`);
}

export function logContextOf(
  { traceId, segmentId, spanId }: Pick<TraceSpan, 'traceId' | 'segmentId' | 'spanId'>,
  service: string,
  instance: string,
): LogContext {
  const parts = [service, instance || NONE, traceId, segmentId || NONE, spanId];
  const data = { traceId, segmentId, spanId, service, instance };
  // Not among what a logger writes of it.
  define(data, 'toString', { value: () => `[SW_CTX:[${parts.join(',')}]]` });
  return data;
}

function callSetter(set: SetHeader, name: string, value: string): void {
  set(name, value);
}

function getterOf(carrier: TraceCarrier | null | undefined): CarrierGetter {
  if (typeof carrier !== 'object' || carrier === null) return { get: () => undefined };
  // Asked only where what the carrier throws is caught.
  return { get: (name) => (hasGet(carrier) ? carrier.get(name) : valueOf(carrier, name)) };
}

function hasGet(carrier: TraceCarrier): carrier is CarrierGetter {
  return typeof (carrier as Partial<CarrierGetter>).get === 'function';
}

/** Header names are the same in upper and lower case, and only Node has them in lower case always. */
function valueOf(headers: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(headers, name)) return headers[name];
  const key = firstKeys(headers, MAX_HEADERS).find((one) => one.toLowerCase() === name);
  return key === undefined ? undefined : headers[key];
}
