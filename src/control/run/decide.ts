import { violatedSchema } from './validate-arguments';
import type { Command } from '../syntax/command';
import type { Pending } from '../syntax/pending';
import type { Verb, Trigger } from './verb';
import type { Verbs } from './verbs';

export interface DecisionContext {
  readonly verbs: Verbs;
  /** A verb that nobody knows yet may still be registered. */
  readonly isWaitingForVerbs: boolean;
  /** The command was there when we came. */
  isFromStart(digest: string): boolean;
  /** A command with this explicit id was run already. */
  wasRun(id: string): boolean;
  isExpired(pending: Pending): boolean;
}

export type Decision =
  | { readonly type: 'run'; readonly verb: Verb; readonly command: Command; readonly when: Trigger }
  /** Answered without being run. */
  | { readonly type: 'answer'; readonly state: 'rejected' | 'expired' | 'duplicate'; readonly detail: string }
  /** Begun by an earlier process, and not to be begun again. */
  | { readonly type: 'interrupted' }
  | { readonly type: 'wait' };

/** What becomes of a pending command. */
export function decide(pending: Pending, circumstances: DecisionContext): Decision {
  const { item, unfinishedId } = pending;
  if (item.type === 'fault') return { type: 'answer', state: 'rejected', detail: item.reason };
  const { command } = item;
  const verb = circumstances.verbs.get(command.verb);
  if (unfinishedId !== undefined) return decideUnfinished(command, verb, circumstances);
  if (command.id !== undefined && circumstances.wasRun(command.id))
    return { type: 'answer', state: 'duplicate', detail: '' };
  if (circumstances.isExpired(pending)) return { type: 'answer', state: 'expired', detail: '' };
  if (!verb) {
    if (circumstances.isWaitingForVerbs) return { type: 'wait' };
    const known = circumstances.verbs.names().join(', ');
    return { type: 'answer', state: 'rejected', detail: `unknown verb ${command.verb}, expected one of ${known}` };
  }
  const breach = violatedSchema(verb, command);
  if (breach !== undefined) return { type: 'answer', state: 'rejected', detail: `${verb.name}: ${breach}` };
  const isFulfilled = verb.fulfilledByStart && circumstances.isFromStart(item.digest);
  return { type: 'run', verb, command, when: isFulfilled ? 'at-start' : 'now' };
}

function decideUnfinished(command: Command, verb: Verb | undefined, { isWaitingForVerbs }: DecisionContext): Decision {
  if (!verb) return { type: isWaitingForVerbs ? 'wait' : 'interrupted' };
  // A handler that ends the process would, redone, end it at every start.
  if (!verb.idempotent || violatedSchema(verb, command) !== undefined) return { type: 'interrupted' };
  return { type: 'run', verb, command, when: 'after-restart' };
}
