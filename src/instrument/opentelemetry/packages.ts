import path from 'node:path';
import type { InstrumentationName } from '../../api/options';

/** Libraries that we trace ourselves, by the names of our instrumentations, which are those of OpenTelemetry's, too. */
export const TRACED_BY_US: readonly InstrumentationName[] = ['http', 'undici', 'pg'];

export function packageOf(name: string): string {
  return `@opentelemetry/instrumentation-${name}`;
}

/** What the application's packages mean for us. */
type Choice =
  /** Packages of instrumentations, which may not be installed. */
  | { readonly type: 'skyanchor'; readonly packages: readonly string[] }
  /** The application has the spans itself, by the package that is named. */
  | { readonly type: 'application'; readonly sdk: string };

const PREFIX = '@opentelemetry/instrumentation-';
export const ALL_INSTRUMENTATIONS = '@opentelemetry/auto-instrumentations-node';
const OTHERS: ReadonlySet<string> = new Set([ALL_INSTRUMENTATIONS, '@prisma/instrumentation']);

/** They register providers of their own, which have to come first. */
const SDK =
  /^(?:@opentelemetry\/sdk-(?:node|trace(?:-node|-base)?)|@sentry\/(?!types$|cli$).+|dd-trace|newrelic|elastic-apm-node|applicationinsights|@vercel\/otel|@azure\/monitor-opentelemetry|@(?:elastic|splunk|honeycombio|google-cloud|grafana)\/(?:.*-)?(?:opentelemetry|otel)(?:-.*)?)$/;

/**
 * Nothing of these is loaded unless they are named: we trace HTTP ourselves and find the routes, and spans of files,
 * sockets and names are too many to be of use.
 */
const LEFT_OUT: ReadonlySet<string> = new Set(
  [
    'http',
    'undici',
    'net',
    'dns',
    'fs',
    'express',
    'fastify',
    'koa',
    'router',
    'restify',
    'runtime-node',
    'aws-lambda',
  ].map((name) => PREFIX + name),
);

/**
 * @param dependencies names of packages that the application needs
 * @param tracedByUs packages of instrumentations whose work our own trace
 */
export function choosePackages(
  setting: 'auto' | true | readonly string[],
  dependencies: readonly string[],
  tracedByUs: ReadonlySet<string>,
): Choice {
  if (typeof setting === 'object') return { type: 'skyanchor', packages: setting.map(packageNamed) };
  const sdk = setting === 'auto' ? dependencies.find((name) => SDK.test(name)) : undefined;
  if (sdk !== undefined) return { type: 'application', sdk };
  return { type: 'skyanchor', packages: dependencies.filter((name) => isWanted(name) && !tracedByUs.has(name)) };
}

/** Whether an instrumentation is loaded that the application has, and did not name to us. */
export function isWanted(name: string): boolean {
  return (name.startsWith(PREFIX) && !LEFT_OUT.has(name)) || OTHERS.has(name);
}

function packageNamed(name: string): string {
  return name.includes('/') ? name : PREFIX + name;
}

/** The libraries of those instrumentations that are not called as their library is. A name with a slash at its end: all in there. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  [`${PREFIX}aws-sdk`]: ['aws-sdk', '@aws-sdk/', '@smithy/'],
  [`${PREFIX}grpc`]: ['@grpc/grpc-js'],
  [`${PREFIX}hapi`]: ['@hapi/hapi'],
  [`${PREFIX}koa`]: ['koa', '@koa/router'],
  [`${PREFIX}nestjs-core`]: ['@nestjs/core'],
  [`${PREFIX}pg`]: ['pg', 'pg-pool'],
  [`${PREFIX}redis`]: ['redis', '@redis/client'],
  [`${PREFIX}redis-4`]: ['redis', '@redis/client'],
  [`${PREFIX}fs`]: [],
  '@prisma/instrumentation': ['@prisma/client'],
};

export function librariesOf(name: string): readonly string[] {
  return LIBRARIES[name] ?? [name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name];
}

type Hook = (span: unknown, record: Record<string, unknown>) => void;

/** What each is told. @param logHook puts our ids into a line of the application's log */
export function configurationOf(name: string, logHook: Hook): Readonly<Record<string, unknown>> {
  switch (name.slice(PREFIX.length)) {
    case 'pg':
      return { ignoreConnectSpans: true };
    case 'aws-sdk':
      return { suppressInternalInstrumentation: true };
    case 'graphql':
      return { ignoreTrivialResolveSpans: true, mergeItems: true };
    case 'ioredis':
    case 'redis':
      return { requireParentSpan: false };
    case 'pino':
    case 'winston':
    case 'bunyan':
      return { disableLogSending: true, logHook };
    default:
      return {};
  }
}

const DOT = 0x2e;
const NODE_MODULES = `${path.sep}node_modules${path.sep}`;

/** The package that a module is of, by the name or the path that it is loaded by; `undefined`: it is one of the same package, or Node's. */
export function libraryOf(id: string): string | undefined {
  if (id.charCodeAt(0) === DOT) return undefined;
  let name = id;
  if (path.isAbsolute(id)) {
    const at = id.lastIndexOf(NODE_MODULES);
    if (at === -1) return undefined;
    name = id.slice(at + NODE_MODULES.length).replaceAll(path.sep, '/');
  }
  const slash = name.indexOf('/', name.startsWith('@') ? name.indexOf('/') + 1 : 0);
  return slash === -1 ? name : name.slice(0, slash);
}
