import { startEmbeddedBackend } from '../scenario/embedded-backend';
import { V2, V3 } from '../scenario/protocol-expectations';
import { describeScenario } from '../scenario/scenario';

describeScenario('the embedded backend', V2, (storage) => startEmbeddedBackend(storage, 'v2'));
describeScenario('the embedded backend speaking v3', V3, (storage) => startEmbeddedBackend(storage, 'v3'));
