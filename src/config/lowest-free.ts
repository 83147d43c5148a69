import { numberedName } from './numbered-name';

/** The first of `orders`, `orders-2`, `orders-3` … that nobody has, so that a freed number is given out again. */
export function lowestFree(base: string, taken: { has(name: string): boolean }): string {
  for (let number = 1; ; number++) {
    const name = numberedName(base, number);
    if (!taken.has(name)) return name;
  }
}
