import { readFileSync } from 'node:fs';
import type { Status } from '../../src/api/status';
import { assertAccounted } from './accounting';

/** What the status file beside a command file says of each instance, by its name; of those that have said something. */
export function statuses(commandFile: string): Readonly<Record<string, Status>> {
  let text: string;
  try {
    text = readFileSync(`${commandFile}.status.json`, 'utf8');
  } catch {
    return {};
  }
  const { instances } = JSON.parse(text) as { instances: Record<string, Partial<Status>> };
  // An entry begins as no more than a claim to the name.
  const whole = Object.entries(instances).filter(([, entry]) => entry.registration) as [string, Status][];
  for (const [, { segments }] of whole) assertAccounted(segments);
  return Object.fromEntries(whole);
}

/** Whether these instances, and no others, are registered. */
export function areRegistered(found: Readonly<Record<string, Status>>, names: readonly string[]): boolean {
  const all = Object.values(found);
  const isComplete = JSON.stringify(Object.keys(found).sort()) === JSON.stringify([...names].sort());
  return isComplete && all.every(({ registration }) => registration.phase === 'registered');
}
