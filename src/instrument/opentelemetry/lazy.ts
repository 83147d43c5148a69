import { lazy } from '../../base/lazy';
import type * as Apis from './apis';

/** Loaded when the API of OpenTelemetry is first asked: most applications never do. */
export const apis = lazy(() => require('./apis') as typeof Apis);
