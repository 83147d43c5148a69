import { describeJoinedScenario } from '../scenario/joined-scenario';
import { startOapBackend } from '../scenario/oap-backend';

describeJoinedScenario('a genuine OAP 6.5.0', startOapBackend);
