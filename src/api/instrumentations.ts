/** What the agent instruments, each by the name that {@link Options.disable} takes. */
export const INSTRUMENTATIONS = [
  'http',
  'undici',
  'express',
  'fastify',
  'koa',
  'hapi',
  'polka',
  'pg',
  'mysql2',
  'ioredis',
  'redis',
  'mongoose',
  'net',
  'timers',
] as const;

export type InstrumentationName = (typeof INSTRUMENTATIONS)[number];
