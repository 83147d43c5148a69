import path from 'node:path';
import { wayToNow } from '../../base/file/path-walk';
import { openRegularFile, readFile } from '../../base/file/regular-file';
import { define } from '../../base/define';
import type { OwnManagerGetter } from '../../base/loop';

/** Where every copy of `@opentelemetry/api` 1.x finds what is registered. */
const API = Symbol.for('opentelemetry.js.api.1');
/**
 * The newest version of the API that was tried. A copy of it uses what is registered under its own minor version or a
 * newer one.
 */
export const API_VERSION = '1.10.0';

type Registered = Record<string, unknown>;
const place = globalThis as { [API]?: Registered | undefined };

/** Names of what we register. */
const OWN = ['trace', 'context', 'propagation'] as const;
export type OwnApis = Readonly<Record<(typeof OWN)[number], object>>;

/** Whether an SDK has registered itself already, or what is there takes nothing more. */
export function isApiTaken(): boolean {
  const registered = place[API];
  if (registered === undefined) return false;
  return !Object.isExtensible(registered) || OWN.some((name) => Object.hasOwn(registered, name));
}

/**
 * Registers without a copy of the API, whose version would leave out newer ones. Returns what takes it away again.
 * @param load called whenever an API is asked for; what it leaves out does nothing
 * @param runUntraced runs what is the agent's own and has no spans, without loading anything
 */
export function registerApis(load: () => Partial<OwnApis>, runUntraced?: OwnManagerGetter['runUntraced']): () => void {
  const registered = (place[API] ??= emptyGlobal());
  const getters = new Map(OWN.map((name) => [name, Object.assign(() => load()[name], { runUntraced })]));
  for (const [name, get] of getters) {
    const set = (value: unknown): void =>
      void define(registered, name, { value, configurable: true, enumerable: true, writable: true });
    define(registered, name, { get, set, configurable: true, enumerable: true });
  }
  return () => {
    for (const [name, get] of getters) {
      if (Object.getOwnPropertyDescriptor(registered, name)?.get === get) Reflect.deleteProperty(registered, name);
    }
    if (place[API] === registered && Object.keys(registered).every((key) => key === 'version'))
      Reflect.deleteProperty(place, API);
  };
}

/**
 * Other APIs are the application's: its meters, its diagnostics. A copy registers one only where the version is exactly
 * its own, and so right before it asks for the version it has looked whether that API is there. So it hears what it needs to.
 */
function emptyGlobal(): Registered {
  let isRegistering = false;
  const registered: Registered = {};
  define(registered, 'version', {
    configurable: true,
    enumerable: true,
    get() {
      if (!isRegistering) return API_VERSION;
      isRegistering = false;
      return versionOfCaller() ?? API_VERSION;
    },
  });
  for (const name of ['metrics', 'diag']) {
    let api: unknown;
    define(registered, name, {
      configurable: true,
      enumerable: false,
      get() {
        isRegistering = true;
        return api;
      },
      set(given: unknown) {
        isRegistering = false;
        api = given;
        define(registered, name, { enumerable: true });
      },
    });
  }
  return registered;
}

const FILE = /(?:\(|at |file:\/\/)((?:\/|[A-Za-z]:\\)[^()]+?):\d+:\d+\)?$/gm;
const MAX_FOLDERS = 6;
const versions = new Map<string, string | undefined>();

/** The version of the API that asks, by the files that are on the stack. */
function versionOfCaller(): string | undefined {
  try {
    const { stack = '' } = new Error();
    for (const [, file = ''] of stack.matchAll(FILE)) {
      if (!versions.has(file)) versions.set(file, apiVersionOf(file));
      const version = versions.get(file);
      if (version !== undefined) return version;
    }
  } catch {
    // The application shows stacks otherwise.
  }
  return undefined;
}

function apiVersionOf(file: string): string | undefined {
  const mayOpen = rightsBeside(file);
  let folder = path.dirname(file);
  for (let n = 0; n < MAX_FOLDERS; n++, folder = path.dirname(folder)) {
    const found = path.join(folder, 'package.json');
    // Above a bundle in /tmp, it is whatever another user has put there.
    const opened = openRegularFile(found, () => mayOpen(found));
    const read = opened && readFile(opened);
    if (read?.status !== 'ok') continue;
    const { name, version } = JSON.parse(read.text) as { name?: unknown; version?: unknown };
    if (name === undefined) continue;
    return name === '@opentelemetry/api' && typeof version === 'string' ? version : undefined;
  }
  return undefined;
}

/** What runs may be of others already: a file is opened that only they, root or this user can have put where it is. */
function rightsBeside(running: string): (file: string) => boolean {
  const uid = process.geteuid?.();
  if (uid === undefined) return () => true;
  const owners = new Set([0n, BigInt(uid), ...wayToNow(running).map(({ stats }) => stats.uid)]);
  return (file) => wayToNow(file, (owner) => owners.has(owner)).every(({ stats }) => owners.has(stats.uid));
}
