import { channel } from 'node:diagnostics_channel';
import { together, type Undo } from './patch';
import { subscribeTo } from './subscribe';
import { context, type Scope } from '../tracing/context';
import type { Span } from '../model/span';

/** On what a library publishes of one call: its span, and the scope that it was made in. */
const SPAN = Symbol('skyanchor.span');
const SCOPE = Symbol('skyanchor.scope');

interface Published {
  readonly error?: unknown;
  [SPAN]?: Span | undefined;
  [SCOPE]?: Scope | undefined;
}

/** What is made of the calls that a library publishes. */
interface CallSpans<Message> {
  /** A call has begun. May throw. */
  open(message: Message): Span | undefined;
  end(span: Span): void;
  fail(span: Span, error: unknown): void;
  complain(error: unknown): void;
}

/**
 * Spans of the calls that a library publishes on a `TracingChannel` of Node's, and its callbacks in the scope that the
 * call was made in. Nothing is thrown: a subscriber that throws ends the process.
 */
export function tracingChannel<Message extends object>(name: string, spans: CallSpans<Message>): Undo {
  const on = (event: string, heard: (message: Published) => void): Undo =>
    subscribeTo(`tracing:${name}:${event}`, (message) => {
      try {
        heard(message as Published);
      } catch (error) {
        spans.complain(error);
      }
    });
  return together([
    on('start', (message) => {
      message[SCOPE] = context.getStore();
      message[SPAN] = spans.open(message as Message);
    }),
    on('error', ({ [SPAN]: span, error }) => {
      if (span !== undefined) spans.fail(span, error);
    }),
    on('asyncStart', ({ [SPAN]: span }) => {
      if (span !== undefined) spans.end(span);
    }),
    callbacksInScope(name),
  ]);
}

/** Where a library publishes a call whose span is made elsewhere, or that has none. */
export function scopedChannel(name: string): Undo {
  return together([
    subscribeTo(`tracing:${name}:start`, (message) => {
      if (typeof message === 'object' && message !== null) (message as Published)[SCOPE] = context.getStore();
    }),
    callbacksInScope(name),
  ]);
}

function callbacksInScope(name: string): Undo {
  const asyncStart = channel(`tracing:${name}:asyncStart`);
  // Its declaration asks for a scope always; none is one, too.
  const scopeOf = (message: unknown): Scope => (message as Published | undefined)?.[SCOPE] as Scope;
  asyncStart.bindStore(context, scopeOf);
  return () => void asyncStart.unbindStore(context);
}
