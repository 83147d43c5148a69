import { closeSync, openSync, readSync } from 'node:fs';

/** The container and the pod that this process runs in. */
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
export function placeOfProcess(): Place {
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
