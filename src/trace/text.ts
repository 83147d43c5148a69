/** Whatever the application passes, as a string of at most `limit` UTF-16 units. Never throws. */
export function text(value: unknown, limit: number): string {
  if (typeof value === 'string') return value.length <= limit ? value : cut(value, limit);
  let printed: string;
  try {
    printed = String(value);
  } catch {
    // No prototype, a proxy that refuses, a toString that throws.
    return '[unprintable]';
  }
  return printed.length <= limit ? printed : cut(printed, limit);
}

/** A copy: a mere slice would keep the whole of a huge string alive for as long as the segment waits. */
function cut(value: string, limit: number): string {
  const last = value.charCodeAt(limit - 1);
  // Not through the middle of a surrogate pair: half an emoji is no character.
  const end = last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit;
  return Buffer.from(value.slice(0, end), 'utf16le').toString('utf16le');
}
