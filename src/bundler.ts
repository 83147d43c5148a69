/**
 * Libraries that the agent finds among the loaded modules by the path of their file, which they do not have inside a
 * bundle: for `external` of rollup, or `serverExternalPackages` of Next.js.
 */
export const EXTERNALS: readonly string[] = [
  'bunyan',
  '@hapi/hapi',
  'ioredis',
  'koa',
  'pg',
  'pg-pool',
  'pino',
  'winston',
];

/** What the plugin uses of esbuild's build. */
interface EsbuildBuild {
  readonly initialOptions: { readonly logLevel?: string };
  onResolve(
    options: { filter: RegExp },
    resolve: (asked: { path: string; kind: string }) => { path: string; external: boolean } | undefined,
  ): void;
  onEnd(ended: () => void): void;
}

/** What the plugin uses of webpack's compiler. */
interface WebpackCompiler {
  readonly options: { externals?: unknown };
  readonly hooks: { readonly done: { tap(name: string, done: () => void): void } };
  getInfrastructureLogger(name: string): { info(text: string): void };
}

const NAME = 'skyanchor';
/** Log levels of esbuild at which it prints no more than warnings. */
const QUIET = ['warning', 'error', 'silent'];

/** The library that a module belongs to, if it is one that the agent would not see in a bundle. */
const libraryOf = (request: string): string | undefined =>
  EXTERNALS.find((library) => request === library || request.startsWith(`${library}/`));

/** For `plugins` of esbuild: leaves such libraries out of the bundle, and prints which. */
export function esbuildPlugin(): { name: string; setup(build: EsbuildBuild): void } {
  return {
    name: NAME,
    setup(build) {
      const left = new Set<string>();
      build.onResolve({ filter: /^@?[a-z]/ }, ({ path, kind }) => {
        const library = kind === 'entry-point' ? undefined : libraryOf(path);
        if (library === undefined) return undefined;
        left.add(library);
        return { path, external: true };
      });
      build.onEnd(() => {
        if (left.size > 0 && !QUIET.includes(build.initialOptions.logLevel ?? ''))
          process.stderr.write(`${NAME}: ${said(left)}\n`);
      });
    },
  };
}

/** For `plugins` of webpack: leaves such libraries out of the bundle, and prints which. */
export function webpackPlugin(): { apply(compiler: WebpackCompiler): void } {
  return {
    apply(compiler) {
      const left = new Set<string>();
      const external = ({ request = '' }: { request?: string }): Promise<string | undefined> => {
        const library = libraryOf(request);
        if (library !== undefined) left.add(library);
        return Promise.resolve(library === undefined ? undefined : `node-commonjs ${request}`);
      };
      const { options } = compiler;
      options.externals = [options.externals ?? [], external].flat();
      compiler.hooks.done.tap(NAME, () => {
        if (left.size > 0) compiler.getInfrastructureLogger(NAME).info(said(left));
      });
    },
  };
}

function said(libraries: ReadonlySet<string>): string {
  return `not in the bundle, where they could not be traced: ${[...libraries].sort().join(', ')}; install them beside it`;
}
