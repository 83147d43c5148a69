import { createHash } from 'node:crypto';
import type { Command } from './command';

/** What a command says, in twelve digits: a line and JSON of the same meaning have the same. `expires` is not part of it. */
export function digestOf({ verb, args, options, target, id }: Command): string {
  return hash([verb, args, options, target ?? null, id ?? null]);
}

/** Of text that is no command: as if all of it were the verb, which no verb can look like. */
export function digestOfFault(text: string): string {
  return hash([text, [], [], null, null]);
}

function hash(canonical: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex').slice(0, 12);
}
