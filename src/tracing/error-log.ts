import { LIMITS } from '../model/limits';
import { truncate } from '../base/text';

/**
 * What the server shows as an error, from whatever was thrown: `event=error`, `error.kind`, `message`, `stack`, as
 * key, value, key, value. Never throws, and does not ask for `instanceof Error`: errors of other realms are errors.
 */
export function errorLog(error: unknown): string[] {
  const stack = property(error, 'stack');
  const kind = kindOf(error);
  const data = ['event', 'error', 'error.kind', kind, 'message', messageOf(error, kind, stack)];
  if (typeof stack === 'string') data.push('stack', truncate(stack, LIMITS.stack));
  return data;
}

const MAX_CLASSES = 16;

/** Whether an error has one of these names: its class or one that it extends, its `name`, its `code`. Never throws. */
export function exceptionFilter(names: readonly string[]): (error: unknown) => boolean {
  const wanted = new Set<unknown>(names);
  return (error) => {
    if (wanted.has(property(error, 'name')) || wanted.has(property(error, 'code'))) return true;
    let owner = property(error, 'constructor');
    for (let n = 0; n < MAX_CLASSES && typeof owner === 'function'; n++) {
      if (wanted.has(property(owner, 'name'))) return true;
      owner = parentOf(owner);
    }
    return false;
  };
}

function parentOf(owner: object): unknown {
  try {
    return Object.getPrototypeOf(owner);
  } catch {
    return undefined;
  }
}

/** The name it was given, else its class, else its code (`ECONNREFUSED`), which says more than `Error` does. */
function kindOf(error: unknown): string {
  const kinds = [property(error, 'name'), property(property(error, 'constructor'), 'name'), property(error, 'code')];
  const telling = kinds.find((kind) => typeof kind === 'string' && kind !== '' && !PLAIN.has(kind));
  return truncate(telling ?? (property(error, 'name') === 'Error' ? 'Error' : typeof error), LIMITS.value);
}

const PLAIN: ReadonlySet<unknown> = new Set(['Error', 'Object', 'String', 'Number', 'Boolean', 'Symbol', 'BigInt']);

/**
 * An error without one is not asked for its text: GraphQL's is made of the caller's whole query, for each place where that
 * went wrong, and what an error makes of a list that stands as its message is as long as the list.
 */
function messageOf(error: unknown, kind: string, stack: unknown): string {
  const message = property(error, 'message');
  if (typeof message === 'string' && message !== '') return truncate(message, LIMITS.value);
  // Where every address of a name refuses, Node's AggregateError has a code and no message.
  const code = property(error, 'code');
  if (typeof code === 'string') return truncate(code, LIMITS.value);
  if (message !== undefined && message !== null && message !== '') return truncate(message, LIMITS.value);
  return message === '' || stack !== undefined ? kind : truncate(error, LIMITS.value);
}

function property(owner: unknown, name: string): unknown {
  try {
    return owner === null || owner === undefined ? undefined : (owner as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
