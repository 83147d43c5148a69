import type { IncomingMessage } from 'node:http';
import { antGlob, glob } from '../../../base/patterns';

export interface IgnoreOptions {
  /** Ends of paths whose requests are not traced: `.css`. Upper and lower case are one. */
  readonly ignoreSuffix: readonly string[];
  /** Globs of whole paths: `/health`, `/internal/*`. */
  readonly ignorePath: readonly string[];
}

export interface RequestIgnoreOptions {
  /** Requests of probes: by the paths that are usual for them, and all of Kubernetes'. */
  readonly ignoreProbes?: boolean;
  /** In upper case. */
  readonly ignoreMethods?: readonly string[];
  /** Ant globs of `METHOD:path`. */
  readonly traceIgnorePath?: readonly string[];
}

/** Whether requests for a path are left out; asked for every request, so made for the common case, a path without a dot. */
export function ignore({ ignoreSuffix, ignorePath }: IgnoreOptions): (path: string) => boolean {
  const suffixes = ignoreSuffix.filter((suffix) => suffix !== '').map((suffix) => suffix.toLowerCase());
  const extensions = new Set(suffixes.filter(isExtension));
  const others = suffixes.filter((suffix) => !extensions.has(suffix));
  const globs = ignorePath.map(glob);

  return (path) => {
    if (path.includes('.') && extensions.has(extensionOf(path))) return true;
    if (others.length > 0 && endsWithOne(path.toLowerCase(), others)) return true;
    return globs.length > 0 && globs.some((matches) => matches(path));
  };
}

/** The same, following the lists whenever they are replaced by others. */
export function liveIgnore(options: IgnoreOptions): (path: string) => boolean {
  let { ignoreSuffix, ignorePath } = options;
  let isIgnored = ignore(options);
  return (path) => {
    if (options.ignoreSuffix !== ignoreSuffix || options.ignorePath !== ignorePath) {
      ({ ignoreSuffix, ignorePath } = options);
      isIgnored = ignore(options);
    }
    return isIgnored(path);
  };
}

/**
 * What Kubernetes, terminus and Spring's actuator have: `/live` and `/ready` without what is below them, since applications
 * have pages there.
 */
const PROBED =
  /^\/(?:(?:health(?:z|[-_]?check)?|livez|readyz|actuator\/health)(?:\/|$)|(?:live|liveness|ready|readiness)\/?$)/;
const PROBE = 'kube-probe/';

/** The requests that are left out by more than their paths; `undefined`: there are none, so nothing has to be checked. */
export function ignoreRequests({
  ignoreProbes = false,
  ignoreMethods = [],
  traceIgnorePath = [],
}: RequestIgnoreOptions): ((request: IncomingMessage, path: string) => boolean) | undefined {
  if (!ignoreProbes && ignoreMethods.length === 0 && traceIgnorePath.length === 0) return undefined;
  const methods = new Set<unknown>(ignoreMethods);
  const isOperationIgnored = ignoreOperation(traceIgnorePath);
  return (request, path) =>
    methods.has(request.method) ||
    (ignoreProbes && isProbe(request, path)) ||
    isOperationIgnored?.(String(request.method), path) === true;
}

function isProbe({ headers }: IncomingMessage, path: string): boolean {
  return PROBED.test(path) || headers['user-agent']?.startsWith(PROBE) === true;
}

function extensionOf(path: string): string {
  return path.slice(path.lastIndexOf('.')).toLowerCase();
}

/** A dot at the start and no other: then a path that ends in it has it after its last dot. */
function isExtension(suffix: string): boolean {
  return suffix.lastIndexOf('.') === 0;
}

function endsWithOne(path: string, suffixes: readonly string[]): boolean {
  return suffixes.some((suffix) => path.endsWith(suffix));
}

/**
 * Whether requests for `METHOD:path` are left out, by Ant globs. A glob that begins with a slash is a path of any method.
 * @returns undefined: none is
 */
export function ignoreOperation(globs: readonly string[]): ((method: string, path: string) => boolean) | undefined {
  if (globs.length === 0) return undefined;
  const ofPaths = globs.filter((text) => text.startsWith('/')).map(antGlob);
  const ofOperations = globs.filter((text) => !text.startsWith('/')).map(antGlob);
  return (method, path) =>
    ofPaths.some((matches) => matches(path)) || ofOperations.some((matches) => matches(`${method}:${path}`));
}
