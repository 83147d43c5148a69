import { describeScenario } from '../scenario/v2-scenario';
import { startOapBackend } from '../scenario/oap-backend';

describeScenario('a genuine OAP 6.5.0', startOapBackend);
