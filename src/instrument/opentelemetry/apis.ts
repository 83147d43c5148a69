import { Contexts } from './contexts';
import { GlobalPropagator, TracerProvider } from './tracer-provider';
import type { OwnApis } from './api-global';
import type { SpanEnvironment } from './spans';

/** What the API of OpenTelemetry hands on to. */
export function createApis(environment: SpanEnvironment): OwnApis {
  const contexts = new Contexts(environment);
  return {
    trace: new TracerProvider(environment, contexts),
    context: contexts,
    propagation: new GlobalPropagator(environment),
  };
}
