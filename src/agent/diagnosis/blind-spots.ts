import Module from 'node:module';
import { INSTRUMENTATIONS } from '../../api/options';
import { ignore, ignoreOperation } from '../../instrument/http/server/ignore';

/** Where the package is not called as its instrumentation. */
const PACKAGES = new Map([['hapi', '@hapi/hapi']]);

/** Libraries that are instrumented and were loaded before the agent, which may have missed something of them. */
export function librariesLoadedBefore(): readonly string[] {
  try {
    const { _cache: cache } = Module as unknown as { _cache: Readonly<Record<string, unknown>> };
    const files = Object.keys(cache);
    return INSTRUMENTATIONS.filter((name) => files.some((file) => isOf(file, name)));
  } catch {
    // Not the module that we know.
    return [];
  }
}

function isOf(file: string, name: string): boolean {
  return file.replaceAll('\\', '/').includes(`/node_modules/${PACKAGES.get(name) ?? name}/`);
}

/** Such as applications have. */
const PATHS = ['/', '/orders', '/orders/7', '/api/v1/orders', '/api/orders/7/lines', '/login'];

/** Whether requests are left out whatever their path, so that nothing is seen of an application. */
export function ignoresEveryPath(lists: {
  readonly ignoreSuffix: readonly string[];
  readonly ignorePath: readonly string[];
  readonly traceIgnorePath?: readonly string[];
}): boolean {
  const isIgnored = ignore(lists);
  const isIgnoredOperation = ignoreOperation(lists.traceIgnorePath ?? []);
  return PATHS.every((path) => isIgnored(path) || isIgnoredOperation?.('GET', path) === true);
}
