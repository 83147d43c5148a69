import { startEmbeddedBackend } from '../scenario/embedded-backend';
import { describeJoinedScenario } from '../scenario/joined-scenario';

describeJoinedScenario('the embedded backend', startEmbeddedBackend);
