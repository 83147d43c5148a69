/** A text of at most so many characters. What goes is the middle: in names, the ends tell one from another. */
export function shorten(text: string, most: number): string {
  const characters = Array.from(text);
  if (characters.length <= most) return text;
  const kept = Math.max(0, most - 1);
  const atEnd = Math.floor(kept / 2);
  const start = characters.slice(0, kept - atEnd).join('');
  return `${start}…${atEnd > 0 ? characters.slice(-atEnd).join('') : ''}`;
}
