import { describeCallersScenario } from '../scenario/callers-scenario';
import { startOapBackend } from '../scenario/oap-backend';

describeCallersScenario('a genuine OAP 6.5.0', startOapBackend);
