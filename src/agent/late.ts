import { createRequire } from 'node:module';
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
import type * as Uuid from 'uuid';

// Not `import()`: this stays one in CommonJS output, and people's own test runners refuse it there.
const load = createRequire(__filename);

/** What nobody needs before the application's first tick, loaded when it is first used: its start does not wait for it. */
export const late = {
  backend: () => load('../wire/backend') as typeof Backend,
  commandChannel: () => load('../command/command-channel') as typeof CommandChannel,
  logLines: () => load('../meter/log-lines') as typeof LogLines,
  logReporter: () => load('../meter/log-reporter') as typeof LogReporter,
  meterReporter: () => load('../meter/meter-reporter') as typeof MeterReporter,
  processSampler: () => load('../meter/process-sampler') as typeof ProcessSampler,
  properties: () => load('../registry/properties') as typeof Properties,
  readSchema: () => load('../command/read-schema') as typeof ReadSchema,
  registrar: () => load('../registry/registrar') as typeof Registrar,
  statusFile: () => load('../command/status-file') as typeof StatusFile,
  uuid: () => load('uuid') as typeof Uuid,
};
