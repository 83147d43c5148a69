import { hostname, networkInterfaces, type } from 'node:os';

/** More addresses than an operator reads. */
const MOST_ADDRESSES = 16;

/**
 * What an instance tells of itself when it registers. The backend reads `os_name`, `host_name`, `process_no`,
 * `language` (exactly `nodejs`) and `ipv4` by name (6.0 to 7.0) and keeps any other key from 6.5 on. The chosen name goes
 * along because 6.x displays `<service>-pid:<process_no>@<host_name>`, and an operator looks for the name.
 */
export function v2Properties(instanceName: string): readonly (readonly [key: string, value: string])[] {
  return [
    ['os_name', type()],
    ['host_name', hostname()],
    ['process_no', String(process.pid)],
    ['language', 'nodejs'],
    ['instance_name', instanceName],
    ...ipv4Addresses().map((address) => ['ipv4', address] as const),
  ];
}

/**
 * The same as the Java agent of 8 and later names them. The backend takes `language` out of them and shows the others as
 * they are; one `ipv4` with commas between (10.1).
 */
export function v3Properties(): readonly (readonly [key: string, value: string])[] {
  return [
    ['OS Name', type()],
    ['hostname', hostname()],
    ['Process No.', String(process.pid)],
    ['language', 'nodejs'],
    ...ipv4Addresses().map((address) => ['ipv4', address] as const),
  ];
}

function ipv4Addresses(): string[] {
  try {
    return Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address)
      .slice(0, MOST_ADDRESSES);
  } catch {
    // Some sandboxes forbid the question (EPERM); an instance without addresses is still one.
    return [];
  }
}
