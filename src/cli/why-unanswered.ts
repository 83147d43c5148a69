import { field, printable } from './document';
import type { Instance } from './live-instances';

/** Of an instance that was waited for: what is known of why it has not answered, a sentence without its subject. */
export function whyUnanswered(name: string, hasBegun: boolean, live: readonly Instance[]): string {
  const instance = live.find((one) => one.name === name);
  if (!instance) return 'has gone without an answer';
  if (hasBegun) return 'has begun and not ended';
  const fault = field(instance.entry, 'commands', 'fault');
  return typeof fault === 'string' ? `refuses the file: it ${printable(fault)}` : 'has not answered';
}
