/** Packages of OpenTelemetry whose library the agent traces itself, as it has seen: theirs would be the same calls again. */
const packages = new Set<string>();

/** @param library as OpenTelemetry's package names it: `mysql2` */
export function tracedNatively(library: string): () => void {
  const name = `@opentelemetry/instrumentation-${library}`;
  packages.add(name);
  return () => void packages.delete(name);
}

/** @param packageName the name of a tracer */
export function isTracedNatively(packageName: string): boolean {
  return packages.size > 0 && packages.has(packageName);
}
