import type { InstrumentationName } from '../../api/options';

/** Libraries that we trace ourselves, by the names of our instrumentations, which are those of OpenTelemetry's, too. */
export const TRACED_BY_US: readonly InstrumentationName[] = ['http', 'undici', 'pg'];

export function packageOf(name: string): string {
  return `@opentelemetry/instrumentation-${name}`;
}
