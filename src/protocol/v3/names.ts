import type { Log } from '../../base/log';
import { printable, truncate } from '../../base/text';
import { SpanType } from '../../model/components';
import { MAX_ENDPOINT_LENGTH } from '../../model/limits';
import type { V3Names } from '../../model/names';
import type { InstanceName } from '../../model/registration';
import type { Span } from '../../model/segment';
import type { V3Identity } from './sw8/propagator';

/** In UTF-16 units. Longer names OAP 8 and later cut by themselves, without a word. */
const MAX_LENGTH = { service: 70, instance: 70, endpoint: MAX_ENDPOINT_LENGTH } as const;

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

export function v3Names({ serviceName, instanceName }: InstanceName, epoch: number, log: Log): V3Names {
  return {
    protocol: 'v3',
    epoch,
    service: serviceName,
    instance: instanceName,
    endpoint: (name) => endpointName(name, log),
  };
}

export function v3CarrierNames({ serviceName, instanceName }: InstanceName, log: Log): V3Identity {
  return {
    protocol: 'v3',
    service: serviceName,
    instance: instanceName,
    endpoint: (span) => endpointName(v3EndpointName(span), log),
  };
}

function endpointName(name: string, log: Log): string {
  return name.length <= MAX_LENGTH.endpoint ? name : truncated(name, log);
}

function truncated(name: string, log: Log): string {
  const most = MAX_LENGTH.endpoint;
  // Masked before it is cut: half a token would not be known as one.
  const example = truncate(printable(name), most);
  log.warn(`names of endpoints over ${most} characters are cut, such as ${example}`, 'long endpoint');
  return truncate(name, most);
}
