import { lazy } from '../base/lazy';
import type * as CommandChannel from '../command/command-channel';
import type * as ReadSchema from '../command/read-schema';
import type * as StatusFile from '../command/status-file';
import type * as LogLines from '../meter/log-lines';
import type * as LogReporter from '../meter/log-reporter';
import type * as MeterReporter from '../meter/meter-reporter';
import type * as ProcessSampler from '../meter/process-sampler';
import type * as Properties from '../registry/properties';
import type * as Registrar from '../registry/registrar';
import type * as Backend from '../wire/backend';

/** Our own modules that are not needed before the application's first tick: its start does not wait for them. */
export const late = {
  backend: lazy(() => require('../wire/backend') as typeof Backend),
  commandChannel: lazy(() => require('../command/command-channel') as typeof CommandChannel),
  logLines: lazy(() => require('../meter/log-lines') as typeof LogLines),
  logReporter: lazy(() => require('../meter/log-reporter') as typeof LogReporter),
  meterReporter: lazy(() => require('../meter/meter-reporter') as typeof MeterReporter),
  processSampler: lazy(() => require('../meter/process-sampler') as typeof ProcessSampler),
  properties: lazy(() => require('../registry/properties') as typeof Properties),
  readSchema: lazy(() => require('../command/read-schema') as typeof ReadSchema),
  registrar: lazy(() => require('../registry/registrar') as typeof Registrar),
  statusFile: lazy(() => require('../command/status-file') as typeof StatusFile),
};
