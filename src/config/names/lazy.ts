import { lazy } from '../../base/lazy';
import type * as Unread from './unread';

/** Loaded only where something is said that nothing here reads. */
export const unread = lazy(() => require('./unread') as typeof Unread);
