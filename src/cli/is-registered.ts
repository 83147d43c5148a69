import { field } from './document';

/** Whether a status entry says that its backend knows the instance. */
export function isRegistered(entry: unknown): boolean {
  const phase = field(entry, 'registration', 'phase');
  return phase === 'registered' || phase === 'connected';
}
