/** Numbers and words that the SkyWalking protocols (v2 and v3 alike) give a meaning. Source: the server's tables. */

export const SpanType = { entry: 0, exit: 1, local: 2 } as const;
export type SpanType = (typeof SpanType)[keyof typeof SpanType];

export const Layer = { unknown: 0, database: 1, rpcFramework: 2, http: 3, mq: 4, cache: 5 } as const;
export type Layer = (typeof Layer)[keyof typeof Layer];

/** Component ids of the server's `component-libraries.yml`; a component given by name that it lacks loses the segment. */
export const Component = {
  unknown: 0,
  httpClient: 2,
  httpServer: 4001,
} as const;

export const RefType = { crossProcess: 0, crossThread: 1 } as const;
export type RefType = (typeof RefType)[keyof typeof RefType];
