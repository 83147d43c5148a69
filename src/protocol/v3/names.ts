import type { Log } from '../../base/log';
import { truncate } from '../../base/text';
import type { V3Names } from '../../model/names';
import type { InstanceName } from '../../model/registration';
import type { V3Identity } from './sw8/propagator';
import { MAX_LENGTH, v3EndpointName } from './name-limits';

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
  const shorter = truncate(name, MAX_LENGTH.endpoint);
  log.warn(`names of endpoints over ${MAX_LENGTH.endpoint} characters are cut, such as ${shorter}`, 'long endpoint');
  return shorter;
}
