const LONGEST = 200;
const CREDENTIALS = /[^\s,/@]+:[^\s,/@]*@/g;

/** What was given, as one line of text for a fault. Keys, and passwords in addresses, are not shown. */
export function showValue(value: unknown): string {
  const text = textOf(value);
  if (text.includes('-----BEGIN ')) return '***';
  const line = (/\p{Cc}/u.test(text) ? JSON.stringify(text) : text).replace(CREDENTIALS, '***@');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  // What an object holds nobody knows, a logger's may be endless.
  if (!Array.isArray(value)) return 'an object';
  try {
    return JSON.stringify(value);
  } catch {
    return 'an array';
  }
}

/** Whether something that nobody knows looks by its name as if it held a secret. */
export function soundsSecret(name: string): boolean {
  return /auth|pass|secret|token|credential|key/i.test(name);
}
