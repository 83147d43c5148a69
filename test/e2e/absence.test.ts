import { describeAbsenceScenario } from '../scenario/absence-scenario';
import { startEmbeddedBackend } from '../scenario/embedded-backend';

describeAbsenceScenario('the embedded backend', (storage) => startEmbeddedBackend(storage, 'v2'));
describeAbsenceScenario('the embedded backend speaking v3', (storage) => startEmbeddedBackend(storage, 'v3'));
