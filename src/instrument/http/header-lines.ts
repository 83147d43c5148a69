import type { KnownHeader } from '../../model/known-header';
import { isHandedOn } from '../../tracing/propagation/headers';

/** The text of a head without the lines that hand a header on. @param came as for `isHandedOn` */
export function withoutLines(head: string, name: string, came: KnownHeader | null): string {
  const start = `${name}: `;
  const isIt = (line: string): boolean =>
    line.slice(0, start.length).toLowerCase() === start && isHandedOn(line.slice(start.length), came);
  return head
    .split('\r\n')
    .filter((line) => !isIt(line))
    .join('\r\n');
}
