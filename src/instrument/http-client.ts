import { httpClientByMethods } from './http-client-by-methods';
import { httpClientByFunctions } from './http-client-by-functions';
import { nodeKeepsHeads } from './node-keeps-heads';
import { ClientSpans } from './client-spans';
import type { InstrumentOptions } from './options';
import type { Undo } from './patch';
import type { Tracer } from '../trace/tracer';

/**
 * Exit spans and headers for outgoing requests of `http` and `https`. The way by methods of Node's classes costs least
 * and reaches calls that were taken out of their module before us (`const { get } = require('http')`); where this
 * Node's classes are not as we know them, the exported functions are wrapped.
 */
export function httpClient(tracer: Tracer, options: InstrumentOptions): Undo[] {
  const spans = new ClientSpans(tracer, options);
  const byMethods = options.byFunctions !== true && nodeKeepsHeads();
  if (!byMethods && options.byFunctions !== true) {
    options.log.warn(
      'this Node.js has other internals than expected: http.request and its siblings are wrapped instead',
    );
  }
  return byMethods ? httpClientByMethods(tracer, spans) : httpClientByFunctions(tracer, spans);
}
