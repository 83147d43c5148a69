import { describeCallersScenario } from '../scenario/callers-scenario';
import { startEmbeddedBackend } from '../scenario/embedded-backend';

describeCallersScenario('the embedded backend', startEmbeddedBackend);
