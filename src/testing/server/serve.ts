import type { UntypedHandleCall } from '@grpc/grpc-js';
import type { BackendProtocol } from '../protocol';
import type { CallInterceptor } from './call-interceptor';
import { unimplemented, type Methods, type Route } from './methods';
import { knownRoutes, routesOf } from './schema';
import { stream } from './stream';
import { unary } from './unary';

export interface Served {
  readonly route: Route;
  readonly handler: UntypedHandleCall;
}

/**
 * All that a backend of this protocol answers. Whatever else an agent might ask for is refused as a real server
 * refuses a method that it lacks, and noted: by that an agent finds out whom it talks to.
 */
export function serve(
  protocol: BackendProtocol,
  gate: CallInterceptor,
  { unary: single, streams }: Methods,
): readonly Served[] {
  const own = routesOf(protocol);
  const foreign = new Map(knownRoutes().map((route) => [route.path, route]));
  for (const { path } of own) foreign.delete(path);
  return [
    ...own.map((route) => ({ route, handler: handlerOf(route) })),
    // As streams, whose handler is asked before anything was read.
    ...[...foreign.values()].map((route) => ({
      route: { ...route, isStream: true },
      handler: unimplemented(route, gate),
    })),
  ];

  function handlerOf(route: Route): UntypedHandleCall {
    const [begin, handle] = [streams[route.method], single[route.method]];
    if (route.isStream && begin) return stream(route, gate, begin);
    if (!route.isStream && handle) return unary(route, gate, handle);
    throw new Error(`no handler for ${route.path}`);
  }
}
