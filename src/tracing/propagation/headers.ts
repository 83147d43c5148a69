/** The headers of a request as Node has them: by names in lower case. */
export type IncomingHeaders = Readonly<Record<string, unknown>>;

/**
 * Adds a header to a request. One that the application set stays, unless it is `forwarded`: a gateway that
 * hands its own caller's headers on does not mean to leave itself out of the trace.
 */
export type HeaderSetter<T> = (into: T, name: string, value: string, forwarded?: string) => void;
