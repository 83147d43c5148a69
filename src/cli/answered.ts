import type { Item } from '../command/parse';
import { countUnanswered, pendingOf, type Viewer } from '../command/pending';
import { field } from './document';
import type { Instance } from './live-instances';

/**
 * Whether nothing in the file is needed any more: every command was answered by somebody, and by every live instance
 * that it is for, to the end.
 */
export function isAllAnswered(items: readonly Item[], live: readonly Instance[]): boolean {
  return countUnanswered(items) === 0 && live.every((instance) => pendingOf(items, viewerOf(instance)).length === 0);
}

function viewerOf({ name, entry }: Instance): Viewer {
  const startedAt = field(entry, 'startedAt');
  return {
    instance: name,
    // What somebody had answered when an instance started is history to it: it never will.
    isHistory: (stamp) => typeof startedAt === 'string' && stamp.time < startedAt,
    isUnfinished: () => true,
  };
}
