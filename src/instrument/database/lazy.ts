import { lazy } from '../../base/lazy';
import type * as Ioredis from './ioredis';
import type * as Mongoose from './mongoose';
import type * as Mysql2 from './mysql2';
import type * as Pg from './pg';
import type * as Redis from './redis';

/** An application has one or two of them, or none: each waits for its library. */
export const drivers = {
  ioredis: lazy(() => require('./ioredis') as typeof Ioredis),
  mongoose: lazy(() => require('./mongoose') as typeof Mongoose),
  mysql2: lazy(() => require('./mysql2') as typeof Mysql2),
  pg: lazy(() => require('./pg') as typeof Pg),
  redis: lazy(() => require('./redis') as typeof Redis),
};
