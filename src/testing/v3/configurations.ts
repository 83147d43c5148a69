import { createHash } from 'node:crypto';
import { v4 as uuid } from 'uuid';
import type { Handle } from '../server/methods';

interface ServiceConfiguration {
  /** Identifies the values: equal values have equal ids. */
  readonly uuid: string;
  readonly values: Readonly<Record<string, string>>;
}

/** What agents are to behave by, for each service. No part of the storage: real servers watch a file or a service of its own. */
export class Configurations {
  private readonly byService = new Map<string, ServiceConfiguration>();

  /** @param values undefined: there are none for this service */
  set(service: string, values: Readonly<Record<string, string>> | undefined): void {
    if (!values) this.byService.delete(service);
    else this.byService.set(service, { values: { ...values }, uuid: digest(textOf(values)) });
  }

  of(service: string): ServiceConfiguration {
    return this.byService.get(service) ?? { values: {}, uuid: digest('EMPTY') };
  }
}

/** As the real server puts it together. */
function textOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}:${value}`)
    .join('');
}

function digest(text: string): string {
  return createHash('sha512').update(text).digest('hex');
}

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
