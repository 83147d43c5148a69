import { failed, ok, type Outcome, retryable } from '../../../src/base/outcome';
import type { BackendApi } from '../../../src/protocol/registration/backend-api';
import type {
  Heartbeat,
  InstanceRegistration,
  Configuration,
  InstanceName,
  Connection,
} from '../../../src/model/registration';
import type { ProtocolName } from '../../../src/model/dialect';

export interface Call {
  readonly method:
    'service' | 'instance' | 'heartbeat' | 'addresses' | 'endpoints' | 'keepAlive' | 'properties' | 'configuration';
  readonly at: number;
  readonly request: unknown;
}

/** A backend of a few lines, which answers at once: what the registrar asks and in which order is what counts. */
export class FakeBackend implements BackendApi {
  readonly v2: BackendApi['v2'] = this;
  readonly v3: BackendApi['v3'] = this;
  protocol: ProtocolName = 'v2';
  configuration: Configuration | undefined;
  calls: Call[] = [];
  connects = 0;
  /** Answers to come before the ordinary ones, by method; `undefined` is an empty answer. */
  readonly script: Partial<Record<Call['method'], Outcome<unknown>[]>> = {};
  isReachable = true;
  /** The number of empty answers before a new name's id. */
  emptyAnswers = 1;
  badNames = new Set<string>();
  /** Set: the ids of endpoints and addresses come from here, at once. */
  numbering: ((name: string) => number) | undefined;
  /** Set: the next calls wait until it is called or aborted. */
  hanging: Set<() => void> | undefined;

  private connectionNumber = 1;
  private nextId = 2;
  private rows = new Map<string, { id: number; empty: number }>();

  constructor(private readonly now: () => number) {}

  reconnect(): void {
    this.connectionNumber++;
  }

  /** As if the storage had been cleared and the backend restarted; the first ids may go to others. */
  wipe({ idsGoneToOthers = 0 } = {}): void {
    this.wipeUnnoticed({ idsGoneToOthers });
    this.reconnect();
  }

  /** The same behind a proxy, which keeps the connection. */
  wipeUnnoticed({ idsGoneToOthers = 0 } = {}): void {
    this.rows.clear();
    this.nextId = 2 + idsGoneToOthers;
  }

  /** As if a backup had been played back of when services and instances were there already, but no name. */
  loseNames(): void {
    const names = [...this.rows].filter(([key]) => /^(endpoint|address) /.test(key));
    this.nextId = Math.min(this.nextId, ...names.map(([, { id }]) => id));
    for (const [key] of names) this.rows.delete(key);
  }

  of(method: Call['method']): Call[] {
    return this.calls.filter((call) => call.method === method);
  }

  connect(): Promise<Outcome<Connection>> {
    this.connects++;
    if (!this.isReachable) return Promise.resolve(retryable('UNAVAILABLE: no listener'));
    return Promise.resolve(ok({ address: 'backend:11800', number: this.connectionNumber, protocol: this.protocol }));
  }

  async registerService(name: string, signal: AbortSignal): Promise<Outcome<number | undefined>> {
    return this.answer('service', { name }, signal, () => ok(this.idOf(`service ${name}`)));
  }

  async registerInstance(instance: InstanceRegistration, signal: AbortSignal): Promise<Outcome<number | undefined>> {
    return this.answer('instance', instance, signal, () =>
      this.knows('service', instance.serviceId)
        ? ok(this.idOf(`instance ${instance.serviceId} ${instance.instanceName}`))
        : failed('UNKNOWN', 'UNKNOWN: '),
    );
  }

  async heartbeat(heartbeat: Heartbeat, signal: AbortSignal): Promise<Outcome<{ reset: boolean }>> {
    return this.answer('heartbeat', heartbeat, signal, () =>
      ok({ reset: !this.knows('instance', heartbeat.instanceId) }),
    );
  }

  async registerNetworkAddresses(names: readonly string[], signal: AbortSignal) {
    return this.answer('addresses', { names }, signal, () => this.idsOf('address', names));
  }

  async registerEndpoints(serviceId: number, names: readonly string[], signal: AbortSignal) {
    return this.answer('endpoints', { serviceId, names }, signal, () => this.idsOf(`endpoint ${serviceId}`, names));
  }

  async keepAlive(instance: InstanceName, signal: AbortSignal): Promise<Outcome<undefined>> {
    return this.answer('keepAlive', named(instance), signal, () => ok(undefined));
  }

  async reportInstanceProperties(
    instance: InstanceName,
    properties: readonly (readonly [key: string, value: string])[],
    signal: AbortSignal,
  ): Promise<Outcome<undefined>> {
    return this.answer('properties', { ...named(instance), properties }, signal, () => ok(undefined));
  }

  async fetchConfiguration(serviceName: string, uuid: string, signal: AbortSignal) {
    return this.answer('configuration', { serviceName, uuid }, signal, () =>
      // As a question without a uuid it is answered always.
      ok(uuid !== '' && this.configuration?.uuid === uuid ? undefined : this.configuration),
    );
  }

  private async answer<T>(
    method: Call['method'],
    request: unknown,
    signal: AbortSignal,
    ordinary: () => Outcome<T>,
  ): Promise<Outcome<T>> {
    this.calls.push({ method, at: this.now(), request });
    const scripted = this.script[method]?.shift();
    const answer = scripted ? (scripted as Outcome<T>) : ordinary();
    const { hanging } = this;
    if (hanging) {
      await new Promise<void>((resolve) => {
        hanging.add(resolve);
        signal.addEventListener('abort', () => resolve());
      });
    }
    return answer;
  }

  private idsOf(kind: string, names: readonly string[]): Outcome<ReadonlyMap<string, number>> {
    if (names.some((name) => this.badNames.has(name))) return failed('UNKNOWN', 'UNKNOWN: one of the names is bad');
    const found = new Map<string, number>();
    for (const name of names) {
      const id = this.numbering ? this.numbering(name) : this.idOf(`${kind} ${name}`);
      if (id !== undefined) found.set(name, id);
    }
    return ok(found);
  }

  private idOf(key: string): number | undefined {
    const row = this.rows.get(key) ?? { id: this.nextId++, empty: this.emptyAnswers };
    this.rows.set(key, row);
    return row.empty-- > 0 ? undefined : row.id;
  }

  private knows(kind: string, id: number): boolean {
    return [...this.rows].some(
      ([key, row]) => key.startsWith(`${kind} `) && row.id === id && row.empty < this.emptyAnswers,
    );
  }
}

function named({ serviceName, instanceName }: InstanceName): InstanceName {
  return { serviceName, instanceName };
}
