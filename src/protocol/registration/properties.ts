import { hostname, networkInterfaces, type } from 'node:os';
import { placeOfProcess } from './container';

type Property = readonly [key: string, value: string];

/** What only the agent's configuration knows of an instance. */
interface AboutInstance {
  readonly agentVersion: string;
  readonly namespace: string | undefined;
  readonly cluster: string | undefined;
  /** Such as `express 5.1.0`. */
  readonly libraries: readonly string[];
  /** The pod's name, and those of the user; the last of a name counts. Those that are ours already do not. */
  readonly more: readonly Property[];
  /** One of the user's is left out: its name is ours. */
  readonly onLeftOut?: (property: Property) => void;
}

/** More addresses than an operator reads. */
const MAX_ADDRESSES = 16;

/**
 * What an instance tells of itself when it registers. The backend reads `os_name`, `host_name`, `process_no`,
 * `language` (exactly `nodejs`) and `ipv4` by name (6.0 to 7.0) and keeps any other key from 6.5 on. The chosen name goes
 * along because 6.x displays `<service>-pid:<process_no>@<host_name>`, and an operator looks for the name.
 */
export function v2Properties(
  instanceName: string,
  about: AboutInstance,
  pod = placeOfProcess().pod,
): readonly Property[] {
  const own: readonly Property[] = [
    ['os_name', type()],
    ['host_name', hostname()],
    ['process_no', String(process.pid)],
    ['language', 'nodejs'],
    ['instance_name', instanceName],
    ...ipv4Addresses().map((address) => ['ipv4', address] as const),
  ];
  return withMore([...own, ...described('v2', about, pod)], about);
}

/**
 * The same as the Java agent of 8 and later names them. The backend takes `language` out of them and shows the others as
 * they are; one `ipv4` with commas between (10.1).
 */
export function v3Properties(about: AboutInstance, pod = placeOfProcess().pod): readonly Property[] {
  const own: readonly Property[] = [
    ['OS Name', type()],
    ['hostname', hostname()],
    ['Process No.', String(process.pid)],
    ['language', 'nodejs'],
    ...ipv4Addresses().map((address) => ['ipv4', address] as const),
  ];
  return withMore([...own, ...described('v3', about, pod)], about);
}

/** `version`, `namespace` and `cluster` as the Java agent calls them. */
function described(
  protocol: string,
  { agentVersion, namespace, cluster, libraries, more }: AboutInstance,
  podUid: string | undefined,
): readonly Property[] {
  const { container } = placeOfProcess();
  const pod = more.some(([key]) => key === 'pod') ? undefined : podUid;
  return [
    ['agent', 'skyanchor'],
    ['version', agentVersion],
    ['Node.js', process.version],
    ['protocol', protocol],
    ...(libraries.length === 0 ? [] : ([['libraries', libraries.join(', ')]] as const)),
    ...(namespace === undefined ? [] : ([['namespace', namespace]] as const)),
    ...(cluster === undefined ? [] : ([['cluster', cluster]] as const)),
    ...(container === undefined ? [] : ([['container', container]] as const)),
    ...(pod === undefined ? [] : ([['pod', pod]] as const)),
  ];
}

/** A backend goes by some of our own keys. */
function withMore(own: readonly Property[], { more, onLeftOut }: AboutInstance): readonly Property[] {
  const keys = new Set(own.map(([key]) => key));
  const properties = [...new Map(more)];
  for (const property of properties) if (keys.has(property[0])) onLeftOut?.(property);
  return [...own, ...properties.filter(([key]) => !keys.has(key))];
}

function ipv4Addresses(): string[] {
  try {
    return Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address)
      .slice(0, MAX_ADDRESSES);
  } catch {
    // Some sandboxes forbid the question (EPERM); an instance without addresses is still one.
    return [];
  }
}
