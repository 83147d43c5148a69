import { startEmbeddedBackend } from '../scenario/embedded-backend';
import { describeScenario } from '../scenario/v2-scenario';

describeScenario('the embedded backend', startEmbeddedBackend);
