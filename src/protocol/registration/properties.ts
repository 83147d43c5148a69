import { closeSync, openSync, readSync } from 'node:fs';
import { hostname, networkInterfaces, type } from 'node:os';

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

interface Place {
  /** Undefined: it runs in none, or that cannot be told. */
  readonly container: string | undefined;
  /** The uid of the Kubernetes pod. */
  readonly pod: string | undefined;
}

/** The control groups of version 1, then the mounts, which version 2 leaves. */
const CONTAINER_FILES = ['/proc/self/cgroup', '/proc/self/mountinfo'];
/** The mounts of other users are listed, too; a container has few. */
const MOST_BYTES = 256 * 1024;
/** As Docker, containerd, CRI-O and Podman name a container's folder. */
const FOLDERS = ['containers', 'docker', 'libpod', 'crio'];
const NAMESPACE_FOLDER = /(?:^|\/)containers\/[\w.-]{1,76}$/;
const KUBEPODS = 'kubepods';
const CONTAINER = /[-/](?<id>[0-9a-f]{64})\b/g;
/** Longer than what comes before a container's id in its folder. */
const LOOK_BACK = 256;
/** As Kubernetes names a pod's folder; with underscores under systemd. The pod's own name is the `hostname`. */
const POD = /(?:\/|-)pods?\/?(?<id>[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})\b/;

let ownPlace: Place | undefined;

/** This stays as it is. Where a file could not be read, as when no descriptor was left, it may be the next time. */
function placeOfProcess(): Place {
  if (ownPlace) return ownPlace;
  const texts = CONTAINER_FILES.map(beginningOf);
  const place = placeIn(texts);
  if (!texts.includes(undefined)) ownPlace = place;
  return place;
}

export function placeIn(texts: readonly (string | undefined)[]): Place {
  const read = texts.filter((text) => text !== undefined);
  return { container: first(read, containerIn), pod: first(read, podIn) };
}

function first(texts: readonly string[], find: (text: string) => string | undefined): string | undefined {
  for (const text of texts) {
    const id = find(text);
    if (id !== undefined) return id;
  }
  return undefined;
}

function podIn(text: string): string | undefined {
  return POD.exec(text)?.groups?.['id']?.replaceAll('_', '-');
}

function containerIn(text: string): string | undefined {
  return first(text.split('\n'), containerInLine);
}

/** The outermost, in a pod the innermost. One pattern for all would take time cubic in the line, which others may write. */
function containerInLine(line: string): string | undefined {
  const podsAt = line.indexOf(KUBEPODS);
  let inPod: string | undefined;
  for (const { index, groups } of line.matchAll(CONTAINER)) {
    if (podsAt !== -1 && podsAt + KUBEPODS.length <= index) inPod = groups?.['id'];
    else if (isFolder(line.slice(Math.max(0, index - LOOK_BACK), index))) return groups?.['id'];
  }
  return inPod;
}

/**
 * `…/docker` or `…/docker-name` before the id, or nerdctl's `…/containers/namespace`; in `…/docker/overlay2` and
 * `…/docker/volumes` it is of something else.
 */
function isFolder(before: string): boolean {
  const name = before.slice(before.lastIndexOf('/') + 1, -1);
  return (
    FOLDERS.some((folder) => before.endsWith(folder) || name.includes(`${folder}-`)) || NAMESPACE_FOLDER.test(before)
  );
}

/** @returns undefined: not Linux, a sandbox without /proc, or a shortage */
function beginningOf(file: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const bytes = Buffer.allocUnsafe(MOST_BYTES);
    let length = 0;
    for (let read = -1; read !== 0 && length < MOST_BYTES; length += read) {
      read = readSync(descriptor, bytes, length, MOST_BYTES - length, null);
    }
    return bytes.toString('utf8', 0, length);
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
