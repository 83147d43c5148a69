/** The server cuts longer names, by UTF-16 units, and tells nobody. */
const LONGEST = { service: 70, instance: 70, endpoint: 150 } as const;

/** Names as the backend files them. */
export const filed = {
  service: (name: string): string => name.slice(0, LONGEST.service),
  instance: (name: string): string => name.slice(0, LONGEST.instance),
  endpoint: (name: string): string => name.slice(0, LONGEST.endpoint),
};
