import { startEmbeddedBackend } from '../scenario/embedded-backend';
import { describeJoinedScenario } from '../scenario/joined-scenario';
import { V2, V3 } from '../scenario/protocol-expectations';

describeJoinedScenario('the embedded backend', V2, (storage) => startEmbeddedBackend(storage, 'v2'));
describeJoinedScenario('the embedded backend speaking v3', V3, (storage) => startEmbeddedBackend(storage, 'v3'));
