import { describeJoinedScenario } from '../scenario/joined-scenario';
import { V2, V3 } from '../scenario/protocol-expectations';
import { startOapBackend } from '../scenario/oap-backend';

describeJoinedScenario('a genuine OAP 6.5.0', V2, (storage) => startOapBackend(storage, '6.5.0'));
describeJoinedScenario('a genuine OAP 8.3.0', V3, (storage) => startOapBackend(storage, '8.3.0'));
describeJoinedScenario('a genuine OAP 9.2.0', V3, (storage) => startOapBackend(storage, '9.2.0'));
describeJoinedScenario('a genuine OAP 10.1.0', V3, (storage) => startOapBackend(storage, '10.1.0'));
