interface Run {
  readonly code: number | null;
  readonly stdout: string;
  /** With what it has written to stderr. */
  readonly output: string;
  readonly addresses: { readonly DATABASE: string; readonly CACHE: string; readonly QUEUE: string };
}

export function reasonIfNoServers(): string | undefined;
export function reasonIfUnreachable(error: Error): string | undefined;
export function runShop(backend: { readonly grpc: string; readonly http: string }): Promise<Run>;
