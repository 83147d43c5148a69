import { truncate } from '../../base/text';
import type { InstanceName } from '../../model/registration';
import type { Log } from '../../base/log';
import { SpanType } from '../../model/components';
import type { Span } from '../../model/segment';

/** In UTF-16 units. Longer names OAP 8 and later cut by themselves, without a word. */
export const MAX_LENGTH = { service: 70, instance: 70, endpoint: 150 } as const;

/** By these names a v3 backend will show us. */
export function v3InstanceName({ serviceName, instanceName }: InstanceName): InstanceName {
  return {
    serviceName: truncate(serviceName, MAX_LENGTH.service),
    instanceName: truncate(instanceName, MAX_LENGTH.instance),
  };
}

/** Once a v3 backend is met: an operator looks for the names that were configured, and would not find them. */
export function warnTruncatedNames({ serviceName, instanceName }: InstanceName, known: InstanceName, log: Log): void {
  if (known.serviceName !== serviceName) {
    log.warn(
      `the service is known as ${known.serviceName}: names over ${MAX_LENGTH.service} characters are cut`,
      'cut',
    );
  }
  if (known.instanceName !== instanceName) {
    log.warn(
      `the instance is known as ${known.instanceName}: names over ${MAX_LENGTH.instance} characters are cut`,
      'cut 2',
    );
  }
}

/** As agents of 8 and later name an endpoint: an HTTP request by method and path. */
export function v3EndpointName({
  type,
  method,
  operationName,
}: Pick<Span, 'type' | 'method' | 'operationName'>): string {
  return type === SpanType.entry && method !== '' ? `${method}:${operationName}` : operationName;
}
