const LONGEST = 200;
/** Begins where a word begins, so that each is looked through once: values may be long. */
const BEFORE_AT = /(?<![^\s,/@])[^\s,/@]+@/g;

/** What was given, as one line of text for a fault. Keys, and passwords in addresses, are not shown. */
export function showValue(value: unknown): string {
  const text = textOf(value);
  if (text.includes('-----BEGIN ')) return '***';
  const line = (/\p{Cc}/u.test(text) ? JSON.stringify(text) : text).replace(BEFORE_AT, hidden);
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

/** Matches `user:password@`. */
function hidden(user: string): string {
  return user.includes(':', 1) ? '***@' : user;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  // An object may hold anything; a logger may be endless.
  if (!Array.isArray(value)) return 'an object';
  try {
    return JSON.stringify(value);
  } catch {
    return 'an array';
  }
}

/** Whether an unknown name looks as if its value were a secret. */
export function looksSecret(name: string): boolean {
  return /auth|pass|secret|token|credential|key/i.test(name);
}
