import { createHash } from 'node:crypto';

export interface ServiceConfiguration {
  /** Of the values: the same ones have the same. */
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
