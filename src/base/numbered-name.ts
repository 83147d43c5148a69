/** What an instance's name may be long. */
const LONGEST = 200;

/**
 * The name of the `number`th process that is to be called `base`: `orders`, `orders-2`, `orders-3`. A base that leaves
 * no room for the number is cut.
 */
export function numberedName(base: string, number: number): string {
  if (number <= 1) return base;
  const suffix = `-${number}`;
  const characters = Array.from(base);
  const room = LONGEST - suffix.length;
  return (characters.length > room ? characters.slice(0, room).join('') : base) + suffix;
}
