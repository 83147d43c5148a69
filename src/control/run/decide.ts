import type { Command } from '../syntax/command';
import { refusalOfArguments } from './argument-schema';
import type { Verb, Trigger, Verbs } from './verbs';
import type { Pending } from '../syntax/pending';

export interface DecisionContext {
  readonly verbs: Verbs;
  /** An unknown verb may still be registered. */
  readonly isWaitingForVerbs: boolean;
  /** The command was in the file when this process started. */
  isFromStart(digest: string): boolean;
  /** A command with this explicit id was run already. */
  wasRun(id: string): boolean;
  isExpired(pending: Pending): boolean;
}

export type Decision =
  | { readonly type: 'run'; readonly verb: Verb; readonly command: Command; readonly when: Trigger }
  /** It gets an answer and does not run. */
  | { readonly type: 'answer'; readonly state: 'rejected' | 'expired' | 'duplicate'; readonly detail: string }
  /** An earlier process began it, and it must not run again. */
  | { readonly type: 'interrupted' }
  | { readonly type: 'wait' };

/** Decides what to do with a pending command. */
export function decide(pending: Pending, context: DecisionContext): Decision {
  const { item, unfinishedId } = pending;
  if (item.type === 'fault') return { type: 'answer', state: 'rejected', detail: item.reason };
  const { command } = item;
  const verb = context.verbs.get(command.verb);
  if (unfinishedId !== undefined) return decideUnfinished(command, verb, context);
  if (command.id !== undefined && context.wasRun(command.id)) return { type: 'answer', state: 'duplicate', detail: '' };
  if (context.isExpired(pending)) return { type: 'answer', state: 'expired', detail: '' };
  if (!verb) {
    if (context.isWaitingForVerbs) return { type: 'wait' };
    const known = context.verbs.names().join(', ');
    return { type: 'answer', state: 'rejected', detail: `unknown verb ${command.verb}, expected one of ${known}` };
  }
  const refusal = refusalOfArguments(verb, command);
  if (refusal !== undefined) return { type: 'answer', state: 'rejected', detail: `${verb.name}: ${refusal}` };
  const isFulfilled = verb.isFulfilledAtStart && context.isFromStart(item.digest);
  return { type: 'run', verb, command, when: isFulfilled ? 'at-start' : 'now' };
}

function decideUnfinished(command: Command, verb: Verb | undefined, { isWaitingForVerbs }: DecisionContext): Decision {
  if (!verb) return { type: isWaitingForVerbs ? 'wait' : 'interrupted' };
  // A handler that ends the process would end it at every start.
  if (!verb.idempotent || refusalOfArguments(verb, command) !== undefined) return { type: 'interrupted' };
  return { type: 'run', verb, command, when: 'after-restart' };
}
