import { describeAbsenceScenario } from '../scenario/absence-scenario';
import { startOapBackend } from '../scenario/oap-backend';

describeAbsenceScenario('a genuine OAP 6.5.0', (storage) => startOapBackend(storage, '6.5.0'));
describeAbsenceScenario('a genuine OAP 10.1.0', (storage) => startOapBackend(storage, '10.1.0'));
