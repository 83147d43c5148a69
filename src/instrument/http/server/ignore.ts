import type { IncomingMessage } from 'node:http';
import { glob } from '../../../base/patterns';

/** Longer paths match nothing: what is asked for every request is bounded. */
const LONGEST_TEXT = 2_048;

// `?`, `*`, `**`, and what `**` between slashes adds to the first of them: any number of folders, none included.
type Wildcard = 'one' | 'name' | 'all' | 'folders';
type Step = Wildcard | { readonly character: string };

const WILDCARDS: Readonly<Record<string, Wildcard | undefined>> = { '?': 'one', '*': 'name', '**': 'all' };

/**
 * A matcher of whole texts as Ant has it: `*` and `?` stop at a slash, `**` does not, and between two slashes it may be nothing,
 * and one of them goes.
 * It follows all ways through the pattern at once, so that each character of the text costs one step for each of the
 * pattern's, whatever the two are.
 */
export function antGlob(pattern: string): (text: string) => boolean {
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const steps = stepsOf(pattern);
  const end = steps.length;
  // Matching is synchronous, so one set serves all texts. In `inside`: within the name of a folder.
  let [here, next] = [new Uint8Array(end + 1), new Uint8Array(end + 1)];
  let [inside, nextInside] = [new Uint8Array(end), new Uint8Array(end)];

  const add = (to: Uint8Array, at: number): void => {
    to[at] = 1;
    // These may also take nothing.
    for (let on = at; isSkippable(steps[on]); on++) to[on + 1] = 1;
  };
  return (text) => {
    if (text.length > LONGEST_TEXT) return false;
    here.fill(0);
    inside.fill(0);
    add(here, 0);
    for (const character of text) {
      next.fill(0);
      nextInside.fill(0);
      for (let at = 0; at < end; at++) {
        const step = steps[at] as Step;
        if (here[at] === 1 && takes(step, character)) add(next, staysAt(step) ? at : at + 1);
        if (step !== 'folders' || (here[at] === 0 && inside[at] === 0)) continue;
        if (character === '/') add(next, at);
        else nextInside[at] = 1;
      }
      [here, next] = [next, here];
      [inside, nextInside] = [nextInside, inside];
    }
    return here[end] === 1;
  };
}

function stepsOf(pattern: string): readonly Step[] {
  return (pattern.match(/\/\*\*(?=\/)\/|\*\*|[^]/gu) ?? []).flatMap((part): Step[] =>
    part.length === 4 ? [{ character: '/' }, 'folders'] : [WILDCARDS[part] ?? { character: part }],
  );
}

function isSkippable(step: Step | undefined): boolean {
  return step === 'name' || step === 'all' || step === 'folders';
}

function staysAt(step: Step): boolean {
  return step === 'name' || step === 'all';
}

function takes(step: Step, character: string): boolean {
  if (typeof step === 'object') return step.character === character;
  return step === 'all' || (step !== 'folders' && character !== '/');
}

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
