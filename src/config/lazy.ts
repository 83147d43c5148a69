import { lazy } from '../base/lazy';
import type * as OtherAgents from './other-agents';

/** Loaded only where something is said that nothing here reads. */
export const otherAgents = lazy(() => require('./other-agents') as typeof OtherAgents);
