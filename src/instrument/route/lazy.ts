import { lazy } from '../../base/lazy';
import type * as GuardedLookup from '../opentelemetry/guarded-lookup';

/** Loaded where package.json names hono. */
export const guardedLookup = lazy(() => require('../opentelemetry/guarded-lookup') as typeof GuardedLookup);
