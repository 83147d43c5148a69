/** In UTF-16 units: what is longer, OAP 8 and later cut by themselves, without a word. */
export const LONGEST = {
  service: 70,
  instance: 70,
  endpoint: 150,
} as const;
