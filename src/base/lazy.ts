import type * as Dns from 'node:dns';
import { closeSync, openSync } from 'node:fs';
import type * as Http2 from 'node:http2';
import type * as Net from 'node:net';
import type * as Tls from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import type Chokidar from 'chokidar';
import type ProperLockfile from 'proper-lockfile';
import type * as Protobuf from 'protobufjs/minimal';
import type * as Uuid from 'uuid';
import { errorMessage } from './text';

/** A module could not be loaded: the installation or the bundle lacks a file. The message is one line. */
export class LoadError extends Error {
  override readonly name = 'LoadError';

  /** To try again would cost each request, and not help. False: no descriptor was left, and some may be by then. */
  get isLasting(): boolean {
    return !isShortage(this.cause);
  }
}

function isShortage(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}

/**
 * Loads a module on the first call and returns the same one from then on. `load` must hold a literal `require('…')`,
 * outside of any `try`: bundlers and file tracers follow no other. Not `import()`: this stays one in CommonJS output,
 * and test runners refuse it there.
 */
export function lazy<T>(load: () => T): () => T {
  return onceLoaded(() => {
    // Asked before: a package.json that Node.js cannot read now counts as absent for as long as the process lives.
    const shortage = shortageNow();
    if (shortage !== undefined) throw loadErrorOf(shortage);
    return attempt(load);
  });
}

/** A module of Node.js itself, for which no file is read: it is there also where no descriptor is left. */
function lazyBuiltin<T>(load: () => T): () => T {
  return onceLoaded(() => attempt(load));
}

function onceLoaded<T>(load: () => T): () => T {
  let loaded: { readonly module: T } | undefined;
  return () => (loaded ??= { module: load() }).module;
}

let loading = 0;

/** Whether what is being loaded now is loaded by the agent: instrumentations are for what the application loads. */
export function isLoadingOwn(): boolean {
  return loading > 0;
}

function attempt<T>(load: () => T): T {
  loading++;
  try {
    return load();
  } catch (error) {
    throw loadErrorOf(error);
  } finally {
    loading--;
  }
}

function loadErrorOf(cause: unknown): LoadError {
  // Node adds the requiring files to the message, a line for each.
  return new LoadError(errorMessage(cause).split('\n', 1)[0], { cause });
}

/** No descriptor is left to read a file by. */
function shortageNow(): unknown {
  try {
    closeSync(openSync(process.execPath, 'r'));
    return undefined;
  } catch (error) {
    return isShortage(error) ? error : undefined;
  }
}

/**
 * The modules of Node and the packages that cost time, memory (50 ms, 13 MB for grpc-js alone) or a patch of the host's
 * own modules, which the application's start must not wait for.
 */
export const modules = {
  chokidar: lazy(() => require('chokidar') as typeof Chokidar),
  dns: lazyBuiltin(() => require('node:dns') as typeof Dns),
  grpc: lazy(() => require('@grpc/grpc-js') as typeof Grpc),
  http2: lazyBuiltin(() => require('node:http2') as typeof Http2),
  lockfile: lazy(() => require('proper-lockfile') as typeof ProperLockfile),
  net: lazyBuiltin(() => require('node:net') as typeof Net),
  /** Without reflection, which makes code out of strings: a locked-down host forbids that. */
  protobuf: lazy(() => require('protobufjs/minimal') as typeof Protobuf),
  tls: lazyBuiltin(() => require('node:tls') as typeof Tls),
  uuid: lazy(() => require('uuid') as typeof Uuid),
};
