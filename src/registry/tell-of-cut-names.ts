import type { Log } from '../base/log';
import type { InstanceName } from './registry-api';
import { LONGEST } from './v3-names';

/** Once a v3 backend is met: an operator looks for the names that were configured, and would not find them. */
export function tellOfCutNames(configured: InstanceName & { readonly log: Log }, known: InstanceName): void {
  const { log, serviceName, instanceName } = configured;
  if (known.serviceName !== serviceName) {
    log.warn(`the service is known as ${known.serviceName}: names over ${LONGEST.service} characters are cut`, 'cut');
  }
  if (known.instanceName !== instanceName) {
    log.warn(
      `the instance is known as ${known.instanceName}: names over ${LONGEST.instance} characters are cut`,
      'cut 2',
    );
  }
}
