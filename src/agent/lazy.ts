import { lazy } from '../base/lazy';
import type * as ApplicationMeters from '../telemetry/application-meters';
import type * as ArgumentSchema from '../control/run/argument-schema';
import type * as CommandChannel from '../control/run/command-channel';
import type * as Diagnostics from './diagnosis/memory-and-cpu';
import type * as StatusFile from '../status/status-file';
import type * as EventReporter from '../telemetry/event-reporter';
import type * as InstrumentationLoader from '../instrument/opentelemetry/loader';
import type * as Loggers from '../instrument/logs/loggers';
import type * as Libraries from './diagnosis/libraries';
import type * as LogLines from '../telemetry/log-buffer';
import type * as LogReporter from '../telemetry/log-reporter';
import type * as MeterReporter from '../telemetry/meter-reporter';
import type * as ProcessSampler from '../telemetry/process-sampler';
import type * as Properties from '../protocol/registration/properties';
import type * as Registrar from '../protocol/registration/registrar';
import type * as SpoolCodec from '../protocol/segments/spool-codec';
import type * as Spooling from './spool/spooling';
import type * as Backend from '../protocol/backend';

/** Our own modules that are not needed before the application's first tick: its start does not wait for them. */
export const late = {
  applicationMeters: lazy(() => require('../telemetry/application-meters') as typeof ApplicationMeters),
  argumentSchema: lazy(() => require('../control/run/argument-schema') as typeof ArgumentSchema),
  backend: lazy(() => require('../protocol/backend') as typeof Backend),
  commandChannel: lazy(() => require('../control/run/command-channel') as typeof CommandChannel),
  diagnostics: lazy(() => require('./diagnosis/memory-and-cpu') as typeof Diagnostics),
  eventReporter: lazy(() => require('../telemetry/event-reporter') as typeof EventReporter),
  instrumentationLoader: lazy(() => require('../instrument/opentelemetry/loader') as typeof InstrumentationLoader),
  libraries: lazy(() => require('./diagnosis/libraries') as typeof Libraries),
  loggers: lazy(() => require('../instrument/logs/loggers') as typeof Loggers),
  logLines: lazy(() => require('../telemetry/log-buffer') as typeof LogLines),
  logReporter: lazy(() => require('../telemetry/log-reporter') as typeof LogReporter),
  meterReporter: lazy(() => require('../telemetry/meter-reporter') as typeof MeterReporter),
  processSampler: lazy(() => require('../telemetry/process-sampler') as typeof ProcessSampler),
  properties: lazy(() => require('../protocol/registration/properties') as typeof Properties),
  registrar: lazy(() => require('../protocol/registration/registrar') as typeof Registrar),
  spoolCodec: lazy(() => require('../protocol/segments/spool-codec') as typeof SpoolCodec),
  spooling: lazy(() => require('./spool/spooling') as typeof Spooling),
  statusFile: lazy(() => require('../status/status-file') as typeof StatusFile),
};
