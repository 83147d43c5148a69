import type { Method } from '../record/call';

/** `undefined`: the handler of the real server throws. */
export type Handle = (
  request: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>> | undefined>;

/** What reads one stream. */
export interface StreamReader {
  /** One message, after the one before it. Rejects where it does not parse: the stream is over then. */
  take(bytes: Buffer): Promise<void>;
  /** No more comes, whether the stream ended or broke off. */
  end?(): void;
}

/** What a backend does at each of its methods. */
export interface Methods {
  readonly unary: Partial<Record<Method, Handle>>;
  readonly streams: Partial<Record<Method, () => StreamReader>>;
}
