/** The headers of a request as Node has them: by names in lower case. */
export type IncomingHeaders = Readonly<Record<string, unknown>>;
