import { channel } from 'node:diagnostics_channel';
import { together, type Undo } from './patch';
import { subscribeTo } from './subscribe';
import { tracedNatively } from './traced-natively';
import { context, scopeOf, storage, type Scope } from '../tracing/context';
import type { WholeScope } from './run-in-scope';
import type { Span } from '../model/segment';

/** On what a library publishes of one call: its span, and the scope that it was made in. */
const SPAN = Symbol('skyanchor.span');
const SCOPE = Symbol('skyanchor.scope');

interface Published {
  readonly error?: unknown;
  [SPAN]?: Span | undefined;
  [SCOPE]?: WholeScope;
}

/** What is made of the calls that a library publishes. */
export interface CallSpans<Message> {
  /** A call has begun. May throw. @param parent the scope of now */
  open(message: Message, parent: Scope | undefined): Span | undefined;
  end(span: Span): void;
  fail(span: Span, error: unknown): void;
  complain(error: unknown): void;
}

/**
 * Spans of the calls that a library publishes on a `TracingChannel` of Node's, and its callbacks in the scope that the
 * call was made in. Nothing is thrown: a subscriber that throws ends the process.
 * @param library as OpenTelemetry's package for it is called
 * @param spansOf asked at each call; undefined: none is traced
 */
export function tracingChannel<Message extends object>(
  library: string,
  name: string,
  spansOf: () => CallSpans<Message> | undefined,
): Undo {
  const complain = (error: unknown): void => spansOf()?.complain(error);
  let isHeard: Undo | undefined;
  return together([
    on(name, 'start', complain, (message) => {
      const spans = spansOf();
      if (!spans) return;
      isHeard ??= tracedNatively(library);
      const whole = context.whole();
      message[SCOPE] = whole;
      message[SPAN] = spans.open(message as Message, scopeOf(whole));
    }),
    on(name, 'error', complain, ({ [SPAN]: span, error }) => {
      if (span !== undefined) spansOf()?.fail(span, error);
    }),
    on(name, 'asyncStart', complain, ({ [SPAN]: span }) => {
      if (span !== undefined) spansOf()?.end(span);
    }),
    callbacksInScope(name),
    () => isHeard?.(),
  ]);
}

/** Where a library publishes a call that has no span, and that calls back. */
export function scopedChannel(name: string): Undo {
  const keepScope = (message: Published): void => {
    message[SCOPE] = context.whole();
  };
  // There is no scope for what is no object.
  return together([on(name, 'start', () => undefined, keepScope), callbacksInScope(name)]);
}

function on(
  name: string,
  event: string,
  complain: (error: unknown) => void,
  heard: (message: Published) => void,
): Undo {
  return subscribeTo(`tracing:${name}:${event}`, (message) => {
    try {
      heard(message as Published);
    } catch (error) {
      complain(error);
    }
  });
}

function callbacksInScope(name: string): Undo {
  const asyncStart = channel(`tracing:${name}:asyncStart`);
  // Its declaration asks for a scope always; none is one, too.
  const scopeIn = (message: unknown): NonNullable<WholeScope> => {
    try {
      return (message as Published | undefined)?.[SCOPE] as NonNullable<WholeScope>;
    } catch {
      return undefined as unknown as NonNullable<WholeScope>;
    }
  };
  asyncStart.bindStore(storage, scopeIn);
  return () => void asyncStart.unbindStore(storage);
}
