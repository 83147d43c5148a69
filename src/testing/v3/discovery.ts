import { v4 as uuid } from 'uuid';
import type { Handle } from '../server/methods';
import type { Configurations } from './configurations';

interface SyncRequest {
  readonly service: string;
  readonly uuid: string;
}

/**
 * Answered by a command only where the agent has another configuration than it should; the first answer to an agent
 * that has none is one too, also for a service without any: with a uuid and nothing else.
 */
export function discovery(configurations: Configurations): Handle {
  return (request) => {
    const { service, uuid: known } = request as unknown as SyncRequest;
    const { uuid: current, values } = configurations.of(service);
    return Promise.resolve(known === current ? {} : { commands: [command(current, values)] });
  };
}

/** The serial number is a fresh one each time. */
function command(current: string, values: Readonly<Record<string, string>>) {
  const args = { SerialNumber: uuid(), UUID: current, ...values };
  return {
    command: 'ConfigurationDiscoveryCommand',
    args: Object.entries(args).map(([key, value]) => ({ key, value })),
  };
}
